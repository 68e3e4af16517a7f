"""DFFM: domain facilitated feature modelling."""
