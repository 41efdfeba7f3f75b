"""What a WSGI server serves: ``granian --interface wsgi tirek.site.wsgi:application``."""

from tirek.site.logging import log_uncaught
from tirek.storage.setup import django_ready

django_ready()
log_uncaught()

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
