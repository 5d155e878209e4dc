"""Units that turn into one another exactly, and fields that are read in other units than they are stored in."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64

from stq.data._field_store import FieldsOver, FieldStore
from stq.data._tiles import Tile

_KELVIN, _FAHRENHEIT = Fraction("273.15"), Fraction("459.67")
_SCALES: dict[str, tuple[str, Fraction, Fraction]] = {
    # unit: (base, factor, offset), a value in base units being factor * value + offset
    "K": ("K", Fraction(1), Fraction(0)),
    "degC": ("K", Fraction(1), _KELVIN),
    "degF": ("K", Fraction(5, 9), _FAHRENHEIT * Fraction(5, 9)),
    "m": ("m", Fraction(1), Fraction(0)),
    "cm": ("m", Fraction(1, 100), Fraction(0)),
    "mm": ("m", Fraction(1, 1000), Fraction(0)),
    "km": ("m", Fraction(1000), Fraction(0)),
    "kg m-2": ("m", Fraction(1, 1000), Fraction(0)),  # of water: a litre on a square metre stands one millimetre high
    "m s-1": ("m s-1", Fraction(1), Fraction(0)),
    "km h-1": ("m s-1", Fraction(1000, 3600), Fraction(0)),
    "knot": ("m s-1", Fraction(1852, 3600), Fraction(0)),
    "Pa": ("Pa", Fraction(1), Fraction(0)),
    "hPa": ("Pa", Fraction(100), Fraction(0)),
    "kPa": ("Pa", Fraction(1000), Fraction(0)),
    "bar": ("Pa", Fraction(100_000), Fraction(0)),
    "1": ("1", Fraction(1), Fraction(0)),
    "%": ("1", Fraction(1, 100), Fraction(0)),
    "g kg-1": ("1", Fraction(1, 1000), Fraction(0)),
}
_SPELLINGS = {
    "K": ("kelvin", "degK", "Kelvin", "degrees K"),
    "degC": ("°C", "celsius", "Celsius", "degree_Celsius", "degrees_Celsius", "degree_C", "degrees_C", "deg C"),
    "degF": ("°F", "fahrenheit", "Fahrenheit", "degree_Fahrenheit", "degrees_Fahrenheit", "degree_F", "degrees_F"),
    "m": ("metre", "metres", "meter", "meters"),
    "cm": ("centimetre", "centimetres", "centimeter", "centimeters"),
    "mm": ("millimetre", "millimetres", "millimeter", "millimeters"),
    "km": ("kilometre", "kilometres", "kilometer", "kilometers"),
    "kg m-2": ("kg/m2", "kg/m^2", "kg m^-2", "kg m**-2", "kg m⁻²"),
    "m s-1": ("m/s", "m s^-1", "m s**-1", "m s⁻¹"),
    "km h-1": ("km/h", "km h^-1", "km hr-1"),
    "knot": ("knots", "kt"),
    "Pa": ("pascal", "Pascal"),
    "hPa": ("mbar", "millibar", "millibars", "hectopascal"),
    "kPa": ("kilopascal",),
    "%": ("percent",),
    "1": ("kg kg-1", "kg/kg", "kg kg**-1", "kg kg^-1"),
    "g kg-1": ("g/kg", "g kg**-1", "g kg^-1"),
}
_CANONICAL = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}


@dataclass(frozen=True)
class Conversion:
    """`factor * value + offset`, both of them exact."""

    factor: Fraction
    offset: Fraction

    def of(self, values: Float[np.ndarray, "*N"]) -> Float64[np.ndarray, "*N"]:
        """In double precision."""
        found: Float64[np.ndarray, "*N"] = values.astype(np.float64) * float(self.factor) + float(self.offset)
        return found


def conversion(source: str, target: str) -> Conversion | None:
    """From one unit to another; None where they don't measure the same, or one of them is not known here."""
    here, there = (_SCALES.get(_canonical(unit)) for unit in (source, target))
    if here is None or there is None or here[0] != there[0]:
        return None
    return Conversion(here[1] / there[1], (here[2] - there[2]) / there[1])


def same_unit(one: str, other: str) -> bool:
    """Whether two spellings name one unit, as far as stq knows them."""
    return _canonical(one) == _canonical(other)


def _canonical(unit: str) -> str:
    plain = " ".join(unit.split())
    return _CANONICAL.get(plain, plain)


class ConvertedFields(FieldsOver):
    """Fields of which some variables are converted as they are read, in double precision."""

    def __init__(self, fields: FieldStore, conversions: tuple[Conversion | None, ...]) -> None:
        super().__init__(fields)
        self._conversions = conversions

    def read(
        self, steps: Int64[np.ndarray, " n"], tile: Tile, variables: slice = slice(None)
    ) -> Float32[np.ndarray, "n v y x"]:
        found = self._fields.read(steps, tile, variables).copy()
        for index, each in enumerate(self._conversions[variables]):
            if each is not None:
                found[:, index] = each.of(found[:, index])
        return found
