"""The recipe of the opinion model: prepare, cache, train, calibrate, export, evaluate, in that order.

Each step is a module run with `python -m nlp.training.<step> --help`. Every step may be killed and run
again: it goes on from its last piece or checkpoint. Needs the extra `training` (torch, pandas, …).
"""
