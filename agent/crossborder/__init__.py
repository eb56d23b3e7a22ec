"""Crossborder: what leaves the country, from whom, to where, what kind of data it is, and by what right."""

__version__ = "0.1.0"
