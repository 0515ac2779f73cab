"""Attacks on sign-in, CI tokens and accounts do no better against two replicas than against one."""

from collections.abc import Callable, Iterator
from time import time
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from playwright.sync_api import Page, expect

from tca_app.features.ci.schemas import GRANT, ID_TOKEN
from tests.e2e.conftest import sign_in_by_call
from tests.factories import PASSWORD
from tests.features.auth.oauth.provider import ANA
from tests.features.factors.accounts import code_of
from tests.processes import ADMIN, Web, eventually, sign_in as bearer_of
from tests.replicas.conftest import Replicas
from tests.replicas.crowd import CROWD, Traveller, at_once, from_anywhere, json_of

pytestmark = pytest.mark.e2e
PATIENCE_MS = 20_000
Header = dict[str, str]


@pytest.fixture
def admin(replicas: Replicas) -> Iterator[httpx.Client]:
    with replicas.admin as client:
        yield client


def make(admin: httpx.Client, kind: str, **fields: object) -> dict[str, Any]:
    return json_of(admin.post(f"/api/v1/{kind}", json=fields), 201)


def make_person(admin: httpx.Client, username: str, **fields: object) -> int:
    account = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
    return int(make(admin, "users", **account, **fields)["id"])


def who(web: Web, header: Header) -> int:
    return httpx.get(f"{web.url}/api/auth/verify", headers=header, timeout=10).status_code


def let_the_provider_create_accounts(replicas: Replicas, admin: httpx.Client) -> None:
    assert admin.patch("/api/v1/instance", json={"sign_up": "provider"}).status_code == 200

    def is_known(web: Web) -> bool:
        found = httpx.get(f"{web.url}/api/v1/instance", headers=dict(admin.headers), timeout=10).json()
        return bool(found["sign_up"] == "provider")

    eventually(lambda: all(map(is_known, (replicas.one, replicas.two))), "both replicas know the setting")


def test_a_callback_of_the_provider_works_once_and_for_its_browser(replicas: Replicas, admin: httpx.Client) -> None:
    let_the_provider_create_accounts(replicas, admin)
    replicas.provider.person = ANA | {"sub": "once", "email": "once@example.com", "preferred_username": "once"}
    own, other = Traveller(replicas).start(replicas.one), Traveller(replicas).start(replicas.two)
    stolen, theirs = own.way_back, other.way_back
    for web in (replicas.one, replicas.two):
        assert Traveller(replicas).come_back(web, stolen) == "expired"  # a browser that began nothing
        assert other.come_back(web, stolen) == "expired"  # one with a sign-in, and so a cookie, of its own
        assert own.come_back(web, theirs | {"code": stolen["code"]}) == "expired"  # the states are swapped
    cookies = dict(own.cookies)

    def arrive(web: Web, _: int) -> httpx.Response:
        return Traveller(replicas, dict(cookies))._get(web, "callback", **stolen)

    pages = [answer.headers["location"] for answer in at_once(replicas, arrive)]
    assert sorted(pages) == ["/dashboard"] + ["/login?reason=expired"] * (CROWD - 1)
    for web in (replicas.one, replicas.two):
        assert Traveller(replicas, dict(cookies)).come_back(web, stolen) == "expired"
    accounts = "SELECT count(*), count(identities.id) FROM users LEFT JOIN identities ON user_id = users.id"
    assert replicas.cluster.sql(f"{accounts} WHERE email = 'once@example.com'") == [(1, 1)]


def test_an_identity_is_its_subject_whatever_the_person_is_called(replicas: Replicas, admin: httpx.Client) -> None:
    let_the_provider_create_accounts(replicas, admin)
    make_person(admin, "victim")
    replicas.provider.person = ANA | {"sub": "named", "email": "before@example.com", "preferred_username": "before"}
    assert Traveller(replicas).start(replicas.one).come_back(replicas.two) == "/dashboard"
    renamed = {"email": "victim@example.com", "preferred_username": "victim"}
    replicas.provider.person |= renamed
    assert Traveller(replicas).start(replicas.two).come_back(replicas.one) == "/dashboard"
    for verified, reason in ((True, "account_exists"), (False, "unverified_email"), ("false", "unverified_email")):
        replicas.provider.person = ANA | renamed | {"sub": "thief", "email_verified": verified}
        for web, back in ((replicas.one, replicas.two), (replicas.two, replicas.one)):
            assert Traveller(replicas).start(web).come_back(back) == reason
    owners = (
        "SELECT subject, email FROM identities JOIN users ON users.id = user_id WHERE subject IN ('named', 'thief')"
    )
    assert replicas.cluster.sql(owners) == [("named", "before@example.com")]


def test_a_refresh_token_has_one_successor_and_its_replay_ends_the_session(
    replicas: Replicas, admin: httpx.Client
) -> None:
    make_person(admin, "refreshing")
    login = {"username": "refreshing", "password": PASSWORD}
    first = json_of(httpx.post(f"{replicas.url}/api/auth/login", json=login), 200)

    def refresh(web: Web, token: str) -> httpx.Response:
        url, body = f"{web.url}/api/auth/refresh", {"refresh_token": token}
        return httpx.post(url, json=body, headers=from_anywhere(), timeout=30)

    answers = at_once(replicas, lambda web, _: refresh(web, first["refresh_token"]))
    (successor,) = {json_of(answer, 200)["refresh_token"] for answer in answers}
    second = json_of(refresh(replicas.two, successor), 200)
    header = {"Authorization": f"Bearer {second['access_token']}"}
    assert [who(web, header) for web in (replicas.one, replicas.two)] == [200, 200]
    assert refresh(replicas.one, first["refresh_token"]).status_code == 401
    eventually(lambda: {who(web, header) for web in (replicas.one, replicas.two)} == {401}, "the session ended", 2)
    assert refresh(replicas.two, second["refresh_token"]).status_code == 401


def test_other_sites_open_no_live_connection(replicas: Replicas) -> None:
    own = replicas.url
    others = ["https://evil.example", "null", "", f"{own}.evil.example", own.replace("http", "https"), f"{own}/", None]
    for url in (own, replicas.one.url, replicas.two.url):
        event = f"{url}/_event/?EIO=4&transport=polling"
        for origin in others:
            headers = {} if origin is None else {"Origin": origin}
            assert httpx.get(event, headers=headers).status_code == 403, (url, origin)
        assert httpx.get(event, headers={"Origin": own}).status_code != 403


def test_the_id_token_of_a_job_is_exchanged_once_and_for_its_project_alone(
    replicas: Replicas, admin: httpx.Client
) -> None:
    issuer = replicas.provider
    trusting, other = make(admin, "projects", name="Trusting"), make(admin, "projects", name="Not trusting")
    claims = {"repository": "acme/ledger"}
    trusts = f"projects/{trusting['id']}/ci-trusts"
    trust = make(admin, trusts, name="Release", issuer=issuer.url, claims=claims)
    make(admin, f"projects/{other['id']}/ci-trusts", name="Other", issuer=issuer.url, claims={"repository": "acme/x"})

    def ask(web: Web, token: str, project: str = "trusting") -> httpx.Response:
        form = {"grant_type": GRANT, "subject_token_type": ID_TOKEN, "subject_token": token, "audience": project}
        return httpx.post(f"{web.url}/api/auth/token-exchange", data=form, headers=from_anywhere(), timeout=30)

    def job(**changes: Any) -> str:
        return issuer.job_token(**({"aud": replicas.url} | changes))

    forged = {"unsigned": ({"alg": "none"}, None), "a stranger's": (issuer.header, RSAKey.generate_key(2048))}
    bad = [job(aud="https://other.example.com"), job(exp=int(time()) - 120), job(repository="acme/ledger-evil")]
    for header, key in forged.values():
        right = issuer.header, issuer.key
        issuer.header, issuer.key = header, key
        bad.append(job())
        issuer.header, issuer.key = right
    for web in (replicas.one, replicas.two):
        for token in bad:
            assert json_of(ask(web, token), 400)["code"] == "token_exchange_refused"
        assert ask(web, job(), "not-trusting").status_code == 400
    token = job()
    answers = at_once(replicas, lambda web, _: ask(web, token))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (CROWD - 1)
    (made,) = (answer.json()["access_token"] for answer in answers if answer.status_code == 200)
    header = {"Authorization": f"Bearer {made}"}
    project_token = make(admin, f"projects/{other['id']}/tokens", name="CI", role="deployer")["token"]
    foreign = {"Authorization": f"Bearer {project_token}"}
    for web in (replicas.one, replicas.two):
        assert ask(web, token).status_code == 400
        for using, status in ((header, 200), (foreign, 404)):
            assert httpx.get(f"{web.url}/api/v1/projects/trusting", headers=using).status_code == status
        assert httpx.get(f"{web.url}/api/v1/projects/not-trusting", headers=header).status_code == 404
    assert admin.delete(f"{replicas.one.url}/api/v1/{trusts}/{trust['id']}").status_code == 204
    ended = f"{replicas.two.url}/api/v1/projects/trusting"
    eventually(lambda: httpx.get(ended, headers=header).status_code == 401, "its tokens end on the other one", 2)


def test_a_proof_of_identity_holds_for_its_session_on_both_replicas(replicas: Replicas, admin: httpx.Client) -> None:
    make_person(admin, "proven")
    header, other = bearer_of(replicas.url, "proven"), bearer_of(replicas.url, "proven")
    with httpx.Client(base_url=replicas.url, headers=header) as client:
        app = client.post("/api/auth/factors/totp", json={"name": "Phone"}).json()
        confirm = f"/api/auth/factors/totp/{app['id']}/confirm"
        assert client.post(confirm, json={"code": code_of(app["secret"])}).status_code == 200
    replicas.cluster.sql("UPDATE auth_sessions SET verified_at = verified_at - interval '11 minutes'")

    def sensitive(web: Web, using: Header) -> httpx.Response:
        return httpx.post(f"{web.url}/api/v1/tokens", json={"name": "Laptop"}, headers=using, timeout=10)

    for web in (replicas.one, replicas.two):
        assert json_of(sensitive(web, header), 403)["code"] == "reauth_required"
        assert sensitive(web, other).status_code == 401  # a change of factors ended the other session
    code = {"code": code_of(app["secret"], 1)}

    def prove(web: Web, _: int) -> httpx.Response:
        return httpx.post(f"{web.url}/api/auth/reauthenticate/code", json=code, headers=header, timeout=30)

    answers = [answer.status_code for answer in at_once(replicas, prove)]
    assert answers.count(204) == 1
    assert set(answers) <= {204, 422, 429}
    for web in (replicas.one, replicas.two):
        assert sensitive(web, header).status_code == 201


def test_acting_as_a_user_ends_in_the_tabs_of_both_replicas(
    replicas: Replicas, admin: httpx.Client, new_page: Callable[[], Page]
) -> None:
    user_id = make_person(admin, "acted")
    first = new_page()
    sign_in_by_call(first, ADMIN, PASSWORD, path="/settings")
    pages = [replica.url.replace("127.0.0.1", "localhost") for replica in (replicas.one, replicas.two)]
    first.goto(f"{pages[0]}/users/{user_id}")
    second = first.context.new_page()
    second.goto(f"{pages[1]}/projects")
    first.get_by_role("button", name="More actions").click()
    first.get_by_role("menuitem", name="Act as this user").click()
    dialog = first.get_by_role("alertdialog")
    dialog.get_by_label("Reason").fill("Ticket 1234")
    dialog.get_by_role("button", name="Act as this user").click()
    banners = [tab.get_by_role("region", name="Acting as another user") for tab in (first, second)]
    for banner in banners:
        expect(banner).to_contain_text("you act as acted", timeout=PATIENCE_MS)
    cookie = {"Cookie": "; ".join(f"{kept['name']}={kept['value']}" for kept in first.context.cookies())}
    for web in (replicas.one, replicas.two):
        answer = httpx.get(f"{web.url}/api/v1/users/{user_id}/export", headers=cookie)
        assert json_of(answer, 403)["code"] == "not_while_acting"
    etag = admin.get(f"/api/v1/users/{user_id}").headers["ETag"]
    change = admin.patch(f"/api/v1/users/{user_id}", json={"is_superuser": True}, headers={"If-Match": etag})
    assert change.status_code == 200
    for banner in banners:
        expect(banner).to_have_count(0, timeout=PATIENCE_MS)


def test_two_erasures_at_once_are_one_and_nothing_of_the_person_gets_in_any_longer(
    replicas: Replicas, admin: httpx.Client
) -> None:
    user_id = make_person(admin, "leaver", full_name="Zanthippa Quill")
    make_person(admin, "second", is_superuser=True)
    login = {"username": "leaver", "password": PASSWORD}
    pair = json_of(httpx.post(f"{replicas.url}/api/auth/login", json=login), 200)
    own = {"Authorization": f"Bearer {pair['access_token']}"}
    made = json_of(httpx.post(f"{replicas.url}/api/v1/tokens", json={"name": "Laptop"}, headers=own), 201)
    token = {"Authorization": f"Bearer {made['token']}"}
    origin = {"Origin": replicas.url}
    browser = httpx.post(f"{replicas.url}/api/auth/session", json=login, headers=origin)
    cookie = {"Cookie": f"sid={browser.cookies['sid']}"}
    page = f"/api/v1/users/{user_id}/export"
    for web in (replicas.one, replicas.two):  # each has them in its cache
        assert [who(web, own), who(web, token)] == [200, 200]
        assert httpx.get(f"{web.url}{page}", headers=cookie).status_code == 200
    admins = [dict(admin.headers), bearer_of(replicas.url, "second")]

    def erase(web: Web, number: int) -> httpx.Response:
        using = (*admins, own)[number % 3]
        return httpx.post(f"{web.url}/api/v1/users/{user_id}/erase", headers=using, timeout=60)

    answers = [answer.status_code for answer in at_once(replicas, erase)]
    assert answers.count(204) == 1
    assert set(answers) <= {204, 401, 403, 404}  # who erases themselves has no proof, or no session, any more
    everywhere = [(web, header) for web in (replicas.one, replicas.two) for header in (own, token)]
    eventually(lambda: all(who(web, header) == 401 for web, header in everywhere), "both are refused", 2)
    for web in (replicas.one, replicas.two):
        assert httpx.get(f"{web.url}{page}", headers=cookie).status_code == 401
        refresh = {"refresh_token": pair["refresh_token"]}
        assert httpx.post(f"{web.url}/api/auth/refresh", json=refresh, headers=from_anywhere()).status_code == 401
    named = "SELECT count(*) FROM events WHERE concat(data, subject_name, actor_name) ~* 'zanthippa|leaver'"
    assert replicas.cluster.sql(named) == [(0,)]
    erasures = "SELECT count(*) FROM events WHERE type = 'user_erased' AND subject_id = %s"
    assert replicas.cluster.sql(erasures, user_id) == [(1,)]
