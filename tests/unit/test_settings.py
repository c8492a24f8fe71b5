"""The settings file: defaults, reading, and one clear line for every mistake."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from gateway.domain.errors import ExitCode, UsageError
from gateway.domain.trunks import Mode, Route
from gateway.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[2] / "config" / "faxgw.example.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "faxgw.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_hold_when_no_file_is_named() -> None:
    settings = load_settings(None, {})

    assert settings == Settings()
    assert settings.storage.database_url.startswith("sqlite:////")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[smtp]\nport = 2525\n")

    assert load_settings(None, {"FAXGW_CONFIG": str(path)}).smtp.port == 2525


def test_the_option_wins_over_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "[smtp]\nport = 2526\n")

    assert load_settings(path, {"FAXGW_CONFIG": "elsewhere.toml"}).smtp.port == 2526


def test_relative_folders_are_taken_from_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[storage]\nfolder = "data"\n')

    assert load_settings(path, {}).storage.folder == tmp_path / "data"


def test_files_are_taken_from_the_folder_of_the_file_too(tmp_path: Path) -> None:
    for name in ("chain.pem", "key.pem", "far.toml"):
        (tmp_path / name).touch()
    text = '[smtp]\ntls_certificate = "chain.pem"\ntls_key = "key.pem"\n[calling]\nscenario = "far.toml"\n'

    settings = load_settings(written(tmp_path, text), {})

    assert settings.smtp.tls_certificate == str(tmp_path / "chain.pem")
    assert settings.smtp.tls_key == str(tmp_path / "key.pem")
    assert settings.calling.scenario == str(tmp_path / "far.toml")


def test_an_absolute_or_empty_file_stays_as_it_is(tmp_path: Path) -> None:
    scenario = tmp_path / "far.toml"
    scenario.touch()
    (tmp_path / "conf").mkdir()
    text = f'[smtp]\ntls_key = ""\n[calling]\nscenario = "{scenario}"\n'

    settings = load_settings(written(tmp_path / "conf", text), {})

    assert (settings.calling.scenario, settings.smtp.tls_key) == (str(scenario), "")


@pytest.mark.parametrize(
    "text",
    [
        "[smtp]\nport = 0\n",
        "[smtp]\nport = 65535\n",
        "[relay]\nport = 1\n",
        "[smtp]\nprocesses = 64\n",
        "[smtp]\nproxies = ['10.0.0.5/32', '2001:db8::/64']\n",
        "[smtp]\nbounce_address = ''\n",
        "[smtp]\nbounce_address = 'fax-bounces.2'\n",
        "[smtp]\nleast_rate = 0\ngreeting_delay = 60\n",
        "[smtp]\ndomains = ['FAX.Acme.example', 'fax-2', 'xn--bcher-kva.example']\n",
        "[rendering]\nmax_memory = 256000000\n",
        "[dns]\nnameservers = ['127.0.0.1:5353', '::1', '[2001:db8::1]:53']\ntimeout = 8\n",
        "[http]\nport = 0\n",
        "[logs]\nlevel = 'debug'\nformat = 'text'\n",
        "[alarms]\nmail = 'fax+watch@acme.example'\nfree_octets = 0\n",
    ],
)
def test_values_at_the_edge_are_taken(tmp_path: Path, text: str) -> None:
    assert load_settings(written(tmp_path, text), {}) != Settings()


@pytest.mark.parametrize("domain", ["fax.bücher.example", "Fax.BÜCHER.example", "fax.xn--bcher-kva.example"])
def test_domains_may_be_written_in_any_letters(tmp_path: Path, domain: str) -> None:
    text = f"[smtp]\ndomains = ['{domain}']\nhostname = '{domain}'\n[notices]\nsender_address = 'Fax@{domain}'\n"
    settings = load_settings(written(tmp_path, text), {})

    known = "fax.xn--bcher-kva.example"
    assert (settings.smtp.domains, settings.smtp.hostname) == ((known,), known)
    assert settings.notices.sender_address == f"Fax@{known}"


def test_a_whole_number_does_for_a_number(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "[queue]\npoll_seconds = 2\n"), {}).queue.poll_seconds == 2.0


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("[logs]\nformat = 'xml'\n", "logs.format must be one of json, text", 2),
        ("[logs]\nlevel = 'INFO'\n", "logs.level must be one of debug, info, warning, error", 2),
        ("[alarms]\nmail = 'a@acme.example\\nBcc: b@x'\n", "alarms.mail must be a mail address, or empty", 2),
        ("[alarms]\ncall_minutes = 0\n", "alarms.call_minutes must be more than 0", 2),
        ("[http]\nport = 65536\n", "http.port must be 0 to 65535", 2),
        ("[smtp]\nhost = '::1'\nprot = 25\n", "unknown key smtp.prot", 3),
        ("[smpt]\nport = 25\n", r"unknown section \[smpt\]", 1),
        ("\n[smtp]\nport = 'x'\n", "smtp.port must be a whole number", 3),
        ("[smtp]\nport = true\n", "smtp.port must be a whole number", 2),
        ("[smtp]\ndomains = 'x'\n", "smtp.domains must be a list of texts", 2),
        ("[relay]\nstart_tls = 1\n", "relay.start_tls must be true or false", 2),
        ("[smtp]\ntrusted_relays = ['10.0.0.0/99']\n", "smtp.trusted_relays", 2),
        ("[smtp]\ndomains = []\n", "at least one domain", 2),
        ("[calling]\ntransport = 'pigeon'\n", "unknown transport 'pigeon'", 2),
        ("[smtp]\ntls_key = 'x'\n", "go together", 1),
        ("[relay]\npassword = 'x'\n", "needs relay.start_tls", 2),
        ("[relay]\nstart_tls = true\nimplicit_tls = true\n", "exclude each other", 3),
        ("[relay]\ncertificates = 'gone.pem'\n", "relay.certificates must name a file that is there", 2),
        ("[calling]\nlines = 0\n", "calling.lines must be more than 0", 2),
        ("[smtp]\nhost = 'x'\nport = 65536\n", "smtp.port must be 0 to 65535, not 65536", 3),
        ("[smtp]\nport = -1\n", "smtp.port must be 0 to 65535", 2),
        ("[relay]\nport = 0\n", "relay.port must be 1 to 65535", 2),
        ("[smtp]\ndomains = ['fax.example', 'not a domain']\n", "smtp.domains .*letters, digits", 2),
        ("[smtp]\ndomains = ['fax..example']\n", "smtp.domains", 2),
        ("[smtp]\ndomains = ['-fax.example']\n", "smtp.domains", 2),
        ("[smtp]\ndomains = ['']\n", "smtp.domains", 2),
        ("[smtp]\ndomains = ['@fax.example']\n", "smtp.domains", 2),
        ("[smtp]\ndomains = ['fax。example']\n", "smtp.domains", 2),
        ("[smtp]\npostmaster = 'root'\n", "smtp.postmaster must be a mail address, or empty", 2),
        ("[notices]\nsender_address = 'Fax <fax@x.example>'\n", "notices.sender_address must be a mail address", 2),
        ("[notices]\nsender_address = ''\n", "notices.sender_address must be a mail address", 2),
        ("[rendering]\nmax_memory = 255999999\n", "rendering.max_memory must be at least 256000000", 2),
        ("[calling]\nscenario = 'gone.toml'\n", "calling.scenario must name a file that is there.*gone.toml", 2),
        ("[smtp]\ntls_certificate = 'c.pem'\ntls_key = 'k.pem'\n", "smtp.tls_certificate must name a file", 2),
        ("[smtp]\ntls_certificate = 'faxgw.toml'\ntls_key = 'k.pem'\n", "smtp.tls_key must name a file", 3),
        ("smtp = 3\n", "smtp must be a section", 1),
        ("[smtp]\nprocesses = 0\n", "smtp.processes must be 1 to 64", 2),
        ("[queue]\nprocesses = 0\n", "queue.processes must be 1 to 64", 2),
        ("[queue]\n\nprocesses = 2\n", "queue.processes: several cannot share a simulated time that leaps", 3),
        ("[simulator]\nspeed = 1\n[smtp]\nprocesses = 2\n[queue]\nprocesses = 2\n", "queue.processes: each of", 6),
        ("[smtp]\nproxies = ['balancer.example']\n", "smtp.proxies: ", 2),
        ("[smtp]\nproxies = ['10.0.0.5/24']\n", "smtp.proxies: .*host bits", 2),
        ("[smtp]\nbounce_address = 'a@fax.example'\n", "smtp.bounce_address must be a local part", 2),
        ("[smtp]\nbounce_address = 'postmaster'\n", "smtp.bounce_address must be a local part", 2),
        ("[smtp]\nsubmission_port = 465\n", "smtp.submission_port needs smtp.tls_certificate", 2),
        ("[smtp]\n\nsubmission_starttls_port = 587\n", "smtp.submission_starttls_port needs", 3),
        ("[smtp]\nsubmission_port = 70000\n", "smtp.submission_port must be 0 to 65535|needs", 2),
        ("[smtp]\nmax_connections = 0\n", "smtp.max_connections must be more than 0", 2),
        ("[smtp]\nmax_connections_per_address = 0\n", "smtp.max_connections_per_address must be more", 2),
        ("[smtp]\nleast_rate = -1\n", "smtp.least_rate must be 0 or more", 2),
        ("[smtp]\ngreeting_delay = 61\n", "smtp.greeting_delay must be 0 to 60", 2),
        ("[dns]\nnameservers = ['dns.example']\n", "dns.nameservers must be IP addresses.*dns.example", 2),
        ("[dns]\nnameservers = ['192.0.2.1', '192.0.2.2:0']\n", "dns.nameservers must be IP addresses", 2),
        ("[dns]\nnameservers = '192.0.2.1'\n", "dns.nameservers must be a list of texts", 2),
        ("[dns]\n\ntimeout = 0\n", "dns.timeout must be more than 0 and at most 8", 3),
        ("[dns]\ntimeout = 8.1\n", "dns.timeout must be more than 0 and at most 8", 2),
    ],
)
def test_a_mistake_is_one_line_with_key_and_line(tmp_path: Path, text: str, words: str, line: int) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load_settings(written(tmp_path, text), {})

    assert caught.value.text.endswith(f"(line {line})")
    assert "\n" not in caught.value.text
    assert caught.value.exit_code == ExitCode.USAGE


def test_two_ports_must_differ(tmp_path: Path) -> None:
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).touch()
    text = "[smtp]\nport = 587\nsubmission_starttls_port = 587\ntls_certificate = 'c.pem'\ntls_key = 'k.pem'\n"

    with pytest.raises(UsageError, match="two ports are the same"):
        load_settings(written(tmp_path, text), {})


def test_balancers_and_relays_are_networks(tmp_path: Path) -> None:
    smtp = load_settings(written(tmp_path, "[smtp]\nproxies = ['10.0.0.5']\n"), {}).smtp

    assert [str(network) for network in smtp.balancers()] == ["10.0.0.5/32"]
    assert [str(network) for network in smtp.networks()] == ["127.0.0.0/8", "::1/128"]
    assert smtp.ports == (8025,)


def test_several_trunks_are_tried_in_their_order(tmp_path: Path) -> None:
    text = '[calling]\ntrunks = [{name = "main", lines = 30, mode = "t38"}, {name = "second", scenario = "far.toml"}]\n'
    (tmp_path / "far.toml").touch()

    calling = load_settings(written(tmp_path, text), {}).calling

    assert calling.routes() == (Route("main", 30, Mode.T38), Route("second", 1))
    assert calling.all_trunks[1].scenario == str(tmp_path / "far.toml")
    assert Settings().calling.routes() == (Route("simulator", 4),)


@pytest.mark.parametrize(
    ("trunks", "words"),
    [
        ("[{lines = 1}]", "name must be letters"),
        ("[{name = 'a', lines = 0}]", "lines must be more than 0"),
        ("[{name = 'a', mode = 'fax'}]", "mode must be one of audio, t38"),
        ("[{name = 'a', scenario = 'gone'}]", "scenario must name a file"),
        ("[{name = 'a'}, {name = 'a'}]", "two have the same name"),
        ("[{name = 'a', rate = 1}]", "unknown key calling.trunks.rate"),
        ("['a']", "must be a list of tables"),
    ],
)
def test_a_mistake_in_a_trunk_is_told(tmp_path: Path, trunks: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_settings(written(tmp_path, f"[calling]\ntrunks = {trunks}\n"), {})


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"faxgw\.toml: .*line 2"):
        load_settings(written(tmp_path, "[smtp]\nport = = 3\n"), {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.toml: there is no such settings file"):
        load_settings(tmp_path / "nowhere.toml", {})


def test_secrets_do_not_show_in_representations(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, "[relay]\nstart_tls = true\npassword = 'hush-hush'\n"), {})

    assert "hush-hush" not in repr(settings)


def test_the_example_shows_every_key_with_its_default() -> None:
    text = re.sub(r"(?m)^#(?=\w+ = )", "", EXAMPLE.read_text(encoding="utf-8"))

    shown = tomllib.loads(text)

    for section in fields(Settings):
        default = getattr(Settings(), section.name)
        expected = {entry.name: _as_toml(getattr(default, entry.name)) for entry in fields(default)}
        assert shown[section.name] == expected


def _as_toml(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value
