"""The programmes of the demonstration region: Otpan over two years, its sisters, and two plans of measures. All synthetic."""

from tirek.programmes.demonstration.load import load_programmes

__all__ = ["load_programmes"]
