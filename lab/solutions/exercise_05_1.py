"""The group forgets an order only when it has been shipped."""


async def loop(shop):
    await shop.open({"enable.auto.commit": False})
    while order := await shop.poll():
        await shop.ship(order)
        await shop.commit(order)
