"""Parcels: their carrier, number and URL, which may be corrected at any time."""

from dataclasses import dataclass
from uuid import UUID

from models.fulfillment import Parcel, Shipment
from models.orders import Order
from models.rules.access import Permission
from models.rules.errors import invalid, not_found
from models.rules.events import EventKind
from models.rules.shipment_states import ShipmentStatus
from services.aggregates.orders import facts, lock_order
from services.aggregates.shipments import FIELDS, NewParcel, parcel_of, write_parcel
from services.use_case import use_case
from services.work.events import record
from services.work.work import Work


@dataclass(frozen=True)
class SaveParcel:
    """A parcel's texts; without `parcel_id` for a new one. None leaves a text unchanged."""

    shipment_id: UUID
    texts: NewParcel
    parcel_id: UUID | None = None


@use_case(Permission.SHIPMENTS_WRITE)
async def save_parcel(work: Work, command: SaveParcel) -> Order:
    """The order, after its parcel got a carrier, a number or a URL.

    A carrier's number may come at any time, also after the shipment has left or arrived. The texts
    need no version and raise none. Without a change no event is recorded.

    Raises:
        Refused: no such shipment or parcel, texts that are too long, too many parcels, a new parcel
            of a cancelled shipment.
    """
    found = await work.rows(Shipment).get_or_none(id=command.shipment_id)
    if found is None:
        raise not_found("There is no such shipment.", "shipmentId")
    order = await lock_order(work, found.order_id)
    shipment = await work.rows(Shipment).get(id=found.id)
    if command.parcel_id is None:
        parcel = await _added(work, shipment, command.texts)
        changed = [called for column, called, _ in FIELDS if getattr(parcel, column)]
        await parcel.save(force_create=True, using_db=work.connection)
    else:
        parcel = await _known(work, shipment, command.parcel_id)
        changed = write_parcel(parcel, command.texts)
        if not changed:
            return order
        await parcel.save(using_db=work.connection)
    record(
        work,
        shipment,
        EventKind.SHIPMENT_STATUS_CHANGED,
        order=order,
        data={
            "status": shipment.status,
            "number": shipment.number,
            "parcelId": parcel.id.hex,
            "changed": changed,
        },
        after=facts(order),
    )
    await shipment.save(update_fields=["event_seq"], using_db=work.connection)
    return order


async def _added(work: Work, shipment: Shipment, texts: NewParcel) -> Parcel:
    if shipment.status is ShipmentStatus.CANCELLED:
        raise invalid("The shipment is cancelled: it has no new parcel.", "shipmentId")
    # unscoped: all parcels of the shipment are counted
    parcels = await Parcel.filter(shipment_id=shipment.id).using_db(work.connection)
    most = work.policy.max_parcels
    if len(parcels) >= most:
        raise invalid(f"A shipment has at most {most} parcels.", "shipmentId")
    position = max((each.position for each in parcels), default=-1) + 1
    return parcel_of(shipment, position, texts)


async def _known(work: Work, shipment: Shipment, key: UUID) -> Parcel:
    parcel = await work.rows(Parcel).get_or_none(id=key, shipment_id=shipment.id)
    if parcel is None:
        raise not_found("The shipment has no such parcel.", "parcelId")
    return parcel
