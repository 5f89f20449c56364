"""Lines and orders to the cent, as an independent reckoning in exact fractions has them."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.money import Rounding
from models.rules.pricing import LinePrice, LineTotals, price_line, total

UP, EVEN = Rounding.HALF_UP, Rounding.HALF_EVEN
RATES = st.decimals(0, 1, places=6)
PRICED_FOR = st.sampled_from([1, 3, 7, 1_000, 999_999])


def line(
    quantity: int,
    price: int,
    per: int = 1,
    discount: str = "0",
    tax: str = "0",
    rounding: Rounding = EVEN,
) -> LinePrice:
    return LinePrice(quantity, price, per, Decimal(discount), Decimal(tax), rounding)


@pytest.mark.parametrize(
    ("priced", "list_minor", "discount_minor", "net_minor", "tax_minor"),
    [
        (line(3, 1000), 3000, 0, 3000, 0),
        (line(3, 1000, discount="0.1", tax="0.19"), 3000, 300, 2700, 513),
        (line(1, 1000, discount="1", tax="0.19"), 1000, 1000, 0, 0),
        (line(5, 0, tax="0.19"), 0, 0, 0, 0),
        # 2.50 a kilo of something that is counted in grams
        (line(1_000, 250, per=1_000), 250, 0, 250, 0),
        (line(1_500, 250, per=1_000), 375, 0, 375, 0),
        (line(333, 250, per=1_000), 83, 0, 83, 0),
        # halves: 0.5 to 0, 1.5 to 2, 2.5 to 2
        (line(1, 1, per=2), 0, 0, 0, 0),
        (line(3, 1, per=2), 2, 0, 2, 0),
        (line(5, 1, per=2), 2, 0, 2, 0),
        (line(1, 50, tax="0.05"), 50, 0, 50, 2),
        (line(1, 150, tax="0.05"), 150, 0, 150, 8),
        # the same halves up: 0.5 to 1, 1.5 to 2, 2.5 to 3
        (line(1, 1, per=2, rounding=UP), 1, 0, 1, 0),
        (line(3, 1, per=2, rounding=UP), 2, 0, 2, 0),
        (line(5, 1, per=2, rounding=UP), 3, 0, 3, 0),
        (line(1, 250, tax="0.05", rounding=UP), 250, 0, 250, 13),
        (line(1, 250, tax="0.05"), 250, 0, 250, 12),
        (line(1, 300, discount="0.005", rounding=UP), 300, 1, 299, 0),
        # 1.005 * 100 is 100.49999 as a float: the exact half goes to the even 100
        (line(1, 100, discount="0.005"), 100, 0, 100, 0),
        (line(1, 300, discount="0.005"), 300, 2, 298, 0),
        # what floats lose from 2**53 on
        (line(2_147_483_647, 4_194_304), 2**53 - 2**22, 0, 2**53 - 2**22, 0),
    ],
)
def test_a_line(
    priced: LinePrice, list_minor: int, discount_minor: int, net_minor: int, tax_minor: int
) -> None:
    assert price_line(priced) == LineTotals(list_minor, discount_minor, net_minor, tax_minor)


@given(
    st.integers(1, 2_147_483_647),
    st.integers(0, 10**9),
    PRICED_FOR,
    RATES,
    RATES,
    st.sampled_from(Rounding),
)
def test_any_line_is_rounded_once_from_the_exact_value(
    quantity: int, price: int, per: int, discount: Decimal, tax: Decimal, rounding: Rounding
) -> None:
    priced = price_line(LinePrice(quantity, price, per, discount, tax, rounding))
    with localcontext(prec=200) as exact:
        exact.rounding = ROUND_HALF_EVEN if rounding is EVEN else ROUND_HALF_UP
        worth = Decimal(quantity * price) / per
        net = (Decimal(quantity * price) * (1 - discount) / per).to_integral_value()
        assert priced.list_minor == worth.to_integral_value()
        assert priced.net_minor == net
        assert priced.tax_minor == (net * tax).to_integral_value()
    assert priced.discount_minor == priced.list_minor - priced.net_minor
    assert 0 <= priced.net_minor <= priced.list_minor
    assert 0 <= priced.tax_minor <= priced.net_minor


def test_an_order_is_the_sum_of_its_lines_and_its_shipping() -> None:
    lines = [LineTotals(3000, 300, 2700, 513), LineTotals(83, 0, 83, 16)]
    sums = total(lines, shipping_net_minor=490, shipping_tax_minor=93)
    assert (sums.subtotal_net_minor, sums.subtotal_tax_minor) == (2783, 529)
    assert sums.discount_minor == 300
    assert (sums.shipping_net_minor, sums.shipping_tax_minor) == (490, 93)
    assert (sums.total_net_minor, sums.total_tax_minor) == (3273, 622)
    assert sums.total_gross_minor == 3895


def test_an_order_of_nothing_costs_its_shipping() -> None:
    assert total([], 490, 0).total_gross_minor == 490
