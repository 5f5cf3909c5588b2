"""The parcel and the offset become visible together, or not at all."""


async def loop(shop):
    await shop.open({"enable.auto.commit": False}, transactional_id="shop")
    while order := await shop.poll():
        shop.begin_transaction()
        await shop.ship(order)
        await shop.send_offsets(order)
        await shop.commit_transaction()
