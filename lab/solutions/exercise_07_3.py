"""The first that is known to have all that is committed; anybody only where that is allowed."""


def elect(replicas, isr, elr, alive, ends, unclean):
    good = [id for id in replicas if id in isr and id in alive]
    good = good or [id for id in replicas if id in elr and id in alive]
    if not good and unclean:
        good = [id for id in replicas if id in alive]
    return good[0] if good else None
