#!/bin/sh
# Links the CUDA libraries of an environment's wheels beside TensorFlow's own; without such wheels
# there is nothing to do:
#
#   requirements/link-cuda.sh ENVIRONMENT
#
# TensorFlow 2.16 looks into some wheels by itself, but not into NCCL's (two GPUs) and CUPTI's
# (profiles), and cuDNN looks for NVRTC where the wheel no longer has it. Beside TensorFlow, where all
# of them look first, they are found without a variable in any user's environment.
set -eu
cd "$1"/lib/python3.*/site-packages
[ -d nvidia ] || exit 0
cd tensorflow
ln -sf ../nvidia/*/lib/*.so* .
