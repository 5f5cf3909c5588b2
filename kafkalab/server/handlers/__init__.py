"""One file a family of requests, named as its messages are in `protocol.messages`.

A handler is `handle_x(server, ticket, request, now)`.  It returns the response, or None when the
answer comes later (or has been given) through `effects.reply(ticket, response)`.
"""
