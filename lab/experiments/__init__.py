"""Experiments that are run many times over to fill a picture: each a function of its settings.

    durability    acks × min.insync.replicas × failures: is the record kept, are writes taken?

An experiment makes simulations, breaks them in a stated way, and reports what it saw.  Nothing is
looked up.
"""
