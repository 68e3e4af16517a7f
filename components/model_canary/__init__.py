"""ModelCanary: a real model server must give the trainer's scores before anything is pushed."""
