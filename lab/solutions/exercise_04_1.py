"""The policy is for when there is nothing to go by: no commit, or one outside the log."""


def begins_at(committed, log_start, end, reset):
    if committed is not None and log_start <= committed <= end:
        return committed
    return {"earliest": log_start, "latest": end}.get(reset, "error")
