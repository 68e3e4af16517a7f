import sys, time
import models
import numpy as np, tensorflow as tf
from models.config import *
from models import registry
from models.inputs import *
from models.ranker import Ranker
from schemas.task_graph import *
tasks = sorted_by_parents([Label("click","c"),Label("conversion","b","click",True,())])
layout=InputLayout((Field("u",50,prior=True),Field("i",20,dim=4),Field("s",3)),("n",),("a","b","c"))
rng=np.random.default_rng(0)
def batch(n):
    b={f.key: tf.constant(rng.integers(0,f.size,n)) for f in layout.fields}
    b[SCENARIO_KEY]=tf.constant(rng.integers(0,3,n)); b[value_key("n")]=tf.constant(rng.normal(size=n).astype("f"))
    for o in tasks.outputs:
        b[target_key(o.name)]=tf.constant(rng.integers(0,2,n).astype("f")); b[weight_key(o.name)]=tf.ones(n)
    return b
print(registry.names())
for p,x in (("float32",False),("mixed_bfloat16",False),("mixed_float16",False),("float32",True)):
    m=registry.parse_model_config({"name":"shared_bottom","embedding_l2":1e-3,"wide_l2":1e-3,"kernel_l2":1e-4,"dropout":.1})
    r=Ranker(layout,tasks,m,TrainingConfig(precision=p,xla=x),{"click":.2})
    print([ (w.name,w.shape) for w in r.trainable_variables][-9:])
    b=batch(64)
    print({k:v[:3].numpy() for k,v in r(b).items()})
    h=r.fit(tf.data.Dataset.from_tensor_slices(b).batch(20),epochs=2,verbose=0)
    print(h.history)
