"""The names of the demo company. All of it is invented."""

from dataclasses import dataclass
from typing import Final

from models.rules.catalog import BackorderPolicy


@dataclass(frozen=True, slots=True)
class Place:
    """A city. `digits` is the length of its country's postal codes."""

    city: str
    region: str | None
    country: str
    digits: int
    streets: tuple[str, ...]
    dial: str


@dataclass(frozen=True, slots=True)
class Family:
    """Products of one kind. Prices are minor units for `price_quantity` of the unit.

    `portion` is one portion of demand, in the unit; `weight` is its share of the demand.
    """

    prefix: str
    category: str
    supplier: str
    names: tuple[str, ...]
    varieties: tuple[str, ...]
    prices: tuple[int, int]
    weight: int
    unit: str = "piece"
    price_quantity: int = 1
    portion: int = 1
    tax_rate: str = "0.19"
    backorder: BackorderPolicy = BackorderPolicy.DENY
    attributes: tuple[tuple[str, str], ...] = ()
    to_order: bool = False


_GERMAN: Final = ("Lindenallee", "Am Speicher", "Mühlgasse", "Hafenstraße", "Rosenweg")
_ENGLISH: Final = ("Mill Lane", "Harbour Street", "Orchard Row", "Station Road", "Quay Side")
_FRENCH: Final = ("rue des Halles", "quai du Moulin", "avenue des Tilleuls", "rue du Marché")
_ITALIAN: Final = ("via del Porto", "via dei Mulini", "corso dei Tigli", "piazza del Mercato")
_SPANISH: Final = ("calle del Puerto", "calle Molino", "avenida de los Tilos", "plaza Mayor")
_DUTCH: Final = ("Molenstraat", "Havenkade", "Lindelaan", "Marktplein")
_NORDIC: Final = ("Kvarngatan", "Hamngatan", "Lindvägen", "Torggatan")
_POLISH: Final = ("ulica Młyńska", "ulica Portowa", "ulica Lipowa", "ulica Targowa")

PLACES: Final = (
    Place("Hamburg", "Hamburg", "DE", 5, _GERMAN, "+49 40"),
    Place("Köln", "Nordrhein-Westfalen", "DE", 5, _GERMAN, "+49 221"),
    Place("München", "Bayern", "DE", 5, _GERMAN, "+49 89"),
    Place("Leipzig", "Sachsen", "DE", 5, _GERMAN, "+49 341"),
    Place("Wien", None, "AT", 4, _GERMAN, "+43 1"),
    Place("Graz", "Steiermark", "AT", 4, _GERMAN, "+43 316"),
    Place("Zürich", "Zürich", "CH", 4, _GERMAN, "+41 44"),
    Place("Amsterdam", "Noord-Holland", "NL", 4, _DUTCH, "+31 20"),
    Place("Gent", "Oost-Vlaanderen", "BE", 4, _DUTCH, "+32 9"),
    Place("Lyon", "Auvergne-Rhône-Alpes", "FR", 5, _FRENCH, "+33 4"),
    Place("Nantes", "Pays de la Loire", "FR", 5, _FRENCH, "+33 2"),
    Place("Bologna", "Emilia-Romagna", "IT", 5, _ITALIAN, "+39 051"),
    Place("Torino", "Piemonte", "IT", 5, _ITALIAN, "+39 011"),
    Place("Valencia", "Comunitat Valenciana", "ES", 5, _SPANISH, "+34 96"),
    Place("Göteborg", "Västra Götaland", "SE", 5, _NORDIC, "+46 31"),
    Place("Kraków", "Małopolskie", "PL", 5, _POLISH, "+48 12"),
    Place("Bristol", None, "GB", 5, _ENGLISH, "+44 117"),
    Place("Cork", "Munster", "IE", 5, _ENGLISH, "+353 21"),
)

FIRST_NAMES: Final = (
    "Ada", "Bruno", "Clara", "Dario", "Elsa", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Katja",
    "Leon", "Mira", "Nils", "Olga", "Pavel", "Rosa", "Silas", "Thea", "Ugo", "Vera", "Willem",
    "Ylva", "Zoé", "André", "Björn", "Chloé", "Émile", "Jürgen", "Łucja", "Søren", "Íñigo",
)  # fmt: skip
LAST_NAMES: Final = (
    "Albers", "Brandt", "Corvino", "Dekker", "Engström", "Fontaine", "Gallo", "Hartwig", "Iversen",
    "Jansen", "Kowal", "Lindqvist", "Moreau", "Nowak", "Okafor", "Petit", "Quist", "Romano",
    "Sandoval", "Thiele", "Ullrich", "Vasquez", "Winter", "Ximénez", "Younan", "Zeller", "Bäcker",
    "Müller", "Świątek", "O'Neill",
)  # fmt: skip
BUSINESS_NAMES: Final = (
    "Morgenrot", "Kupferkanne", "Marktgraf", "Seeblick", "Altstadt", "Nordlicht", "Weinberg",
    "Lighthouse", "Petit-Pont", "Quattro", "Salzhaus", "Tramstop", "Windmill", "Old-Harbour",
    "Blue-Door", "Cedar", "Juniper", "Riverside",
)  # fmt: skip
BUSINESS_KINDS: Final = (
    "Café", "Bistro", "Hotel", "Deli", "Bakery", "Kitchen Store", "Guesthouse",
)  # fmt: skip

GROUPS: Final = (("Retail", "0"), ("Friends", "0.05"), ("Gastronomy", "0.1"), ("Partner", "0.15"))

# The categories below each root; each family names one of these.
CATEGORIES: Final = {
    "Pantry": ("Coffee", "Tea", "Spices", "Chocolate"),
    "Kitchen": ("Coffee makers", "Knives", "Pans"),
    "Table": ("Cups", "Linen"),
    "Home": ("Jars", "Furniture"),
}

# Code, name, days from order to receipt.
SUPPLIERS: Final = (
    ("S-KERA", "Keramik Werkhof", 10),
    ("S-ORIG", "Origin Green Imports", 21),
    ("S-STAHL", "Stahl & Schliff", 14),
    ("S-LEIN", "Leinenweberei Ostertal", 12),
    ("S-GLAS", "Glashütte Birkenau", 9),
    ("S-CHOC", "Chocolaterie Vallon", 6),
    ("S-HOLZ", "Holzmanufaktur Tanne", 35),
)

FAMILIES: Final = (
    Family(
        "CUP", "Cups", "S-KERA",
        ("Stoneware cup", "Porcelain cup", "Espresso cup", "Tall mug"),
        ("sand", "slate", "moss", "chalk", "indigo", "rust"),
        (890, 2490), 12,
        attributes=(("material", "stoneware"),),
    ),
    Family(
        "COF", "Coffee", "S-ORIG",
        ("Harbor blend", "Yirgacheffe", "Huila", "Antigua", "Mandheling", "Decaf"),
        ("light roast", "medium roast", "dark roast"),
        (1890, 3890), 14,
        unit="gram", price_quantity=1000, portion=250, tax_rate="0.07",
        attributes=(("form", "whole bean"),),
    ),
    Family(
        "TEA", "Tea", "S-ORIG",
        ("Darjeeling", "Assam", "Sencha", "Earl Grey", "Rooibos", "Mint"),
        ("tin of 100 g", "tin of 250 g", "20 sachets"),
        (490, 1690), 10,
        tax_rate="0.07",
    ),
    Family(
        "SPI", "Spices", "S-ORIG",
        ("Black pepper", "Cardamom", "Cinnamon", "Cumin", "Smoked paprika"),
        ("whole", "ground"),
        (2400, 6900), 6,
        unit="gram", price_quantity=1000, portion=50, tax_rate="0.07",
    ),
    Family(
        "CHO", "Chocolate", "S-CHOC",
        ("Dark chocolate", "Milk chocolate", "Drinking chocolate"),
        ("60 %", "70 %", "85 %", "sea salt", "orange"),
        (390, 990), 9,
        tax_rate="0.07",
    ),
    Family(
        "MAK", "Coffee makers", "S-STAHL",
        ("Moka pot", "Pour-over set", "Hand grinder", "French press", "Gooseneck kettle"),
        ("small", "medium", "large"),
        (2990, 9990), 5,
        backorder=BackorderPolicy.UNTIL_EXPECTED,
        attributes=(("material", "steel"),),
    ),
    Family(
        "KNF", "Knives", "S-STAHL",
        ("Chef's knife", "Paring knife", "Bread knife"),
        ("olive wood", "walnut", "steel"),
        (2490, 12900), 4,
        backorder=BackorderPolicy.ALLOW,
    ),
    Family(
        "PAN", "Pans", "S-STAHL",
        ("Iron pan", "Carbon steel pan", "Sauté pan"),
        ("20 cm", "24 cm", "28 cm", "32 cm"),
        (3490, 8990), 4,
    ),
    Family(
        "LIN", "Linen", "S-LEIN",
        ("Tea towel", "Napkin set", "Table runner"),
        ("natural", "stripe", "blue", "ochre"),
        (990, 4990), 6,
    ),
    Family(
        "JAR", "Jars", "S-GLAS",
        ("Storage jar", "Clip-top jar", "Carafe"),
        ("0.5 l", "1 l", "2 l"),
        (590, 2290), 6,
    ),
    Family(
        "FUR", "Furniture", "S-HOLZ",
        ("Butcher block", "Bar stool", "Wall shelf"),
        ("oak", "ash", "walnut"),
        (14900, 89000), 1,
        backorder=BackorderPolicy.ALLOW,
        to_order=True,
        attributes=(("assembly", "made to order"),),
    ),
)  # fmt: skip

# Code, name, city of `PLACES`; by priority.
WAREHOUSES: Final = (
    ("HAM", "Hamburg Speicherstadt", "Hamburg"),
    ("VIE", "Wien Süd", "Wien"),
    ("AMS", "Amsterdam Westhaven", "Amsterdam"),
    ("LYO", "Lyon Confluence", "Lyon"),
    ("KRK", "Kraków Zabłocie", "Kraków"),
    ("BRS", "Bristol Docks", "Bristol"),
)

# Name, beginning of its tracking numbers, tracking URL.
CARRIERS: Final = (
    ("Parcelwing", "PW", "https://track.parcelwing.example/"),
    ("Nordfracht", "NF", "https://nordfracht.example/parcel/"),
    ("Velopost", "VP", "https://velopost.example/t/"),
)

NOTES: Final = (
    "Please leave it with the neighbor.",
    "Gift wrapping, please.",
    "Deliver to the back entrance before noon.",
    "Call before delivery.",
    "Invoice in two copies.",
)
RETURN_REASONS: Final = (
    "The color is not what I expected.",
    "Arrived damaged.",
    "Ordered too many.",
    "The wrong size.",
)
TRACKING_MESSAGES: Final = {
    "SHIPPED": "Handed over to the carrier",
    "IN_TRANSIT": "Sorted at the parcel center",
    "OUT_FOR_DELIVERY": "On the delivery vehicle",
    "DELIVERED": "Delivered",
    "EXCEPTION": "Nobody was there; a new attempt follows",
}
