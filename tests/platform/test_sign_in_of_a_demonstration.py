"""A demonstration lists its accounts where one signs in; an installation with real data never does."""

from __future__ import annotations

import pytest

from tirek.site.demo.users import ACCOUNTS, PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/accounts/login/"


def test_a_demonstration_can_be_entered_by_role(client, settings):
    settings.DEMONSTRATION = True
    page = client.get(PAGE, headers={"accept-language": "en"}).content.decode()
    assert PASSWORD in page
    assert all(f'name="login" value="{account.username}"' in page for account in ACCOUNTS)


def test_an_installation_with_real_data_names_no_account(client, settings):
    settings.DEMONSTRATION = False
    page = client.get(PAGE, headers={"accept-language": "en"}).content.decode()
    assert PASSWORD not in page
    assert 'name="login" value=' not in page
