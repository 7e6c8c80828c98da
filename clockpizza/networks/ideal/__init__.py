"""Networks built by hand, of known algorithm: the ground truth of the verdict.

`build.ideal` makes them. draft holds weights in the making, circles the clocks and pizzas, number_line, lookup and wide
what adds without a few circles, and options what can be chosen for which kind.
"""

from clockpizza.networks.ideal.build import Ideal, ideal
from clockpizza.networks.ideal.circles import GAIN
from clockpizza.networks.ideal.options import KINDS, default_frequencies

__all__ = ["GAIN", "KINDS", "Ideal", "default_frequencies", "ideal"]
