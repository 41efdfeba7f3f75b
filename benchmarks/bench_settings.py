"""The site's settings with the yardstick's two addresses added."""

from tirek.site.settings import *  # noqa: F403

ROOT_URLCONF = "constant"
