"""What every page shows."""


def everywhere(request):
    return {}
