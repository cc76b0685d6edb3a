"""A small plain Asterisk on a node, beside Debian's: a trunk by IP and two phones."""

from __future__ import annotations

from rig import Node

DIR = "/srv/plain"
CONF = f"{DIR}/asterisk.conf"
FILES = {
    "asterisk.conf": f"""
[directories]
astetcdir => {DIR}
astmoddir => /usr/lib/MULTIARCH/asterisk/modules
astvarlibdir => /var/lib/asterisk
astdbdir => {DIR}
astkeydir => {DIR}
astdatadir => /usr/share/asterisk
astagidir => {DIR}
astspooldir => {DIR}/spool
astrundir => {DIR}
astlogdir => {DIR}
[options]
verbose = 3
""",
    "modules.conf": "[modules]\nautoload=yes\nnoload=chan_iax2.so\nnoload=pbx_ael.so\n"
    "noload=chan_dahdi.so\nnoload=cdr_radius.so\nnoload=cel_radius.so\n",
    "logger.conf": "[logfiles]\nfull.log => notice,warning,error,verbose,dtmf\n",
    "rtp.conf": "[general]\nrtpstart=20000\nrtpend=20999\n",
    "pjsip.conf": """
[udp]
type=transport
protocol=udp
bind=0.0.0.0:5060

[carrier]
type=endpoint
context=in
disallow=all
allow=ulaw
aors=carrier
direct_media=no
rtp_symmetric=yes
[carrier]
type=aor
contact=sip:CARRIER:5060
[carrier]
type=identify
endpoint=carrier
match=CARRIER
""",
    "extensions.conf": """
[in]
exten => 100,1,Dial(PJSIP/201,20)
 same => n,Hangup()
exten => 101,1,Answer()
 same => n,Read(KEYS,,3,,1,5)
 same => n,UserEvent(keys,got:${KEYS})
 same => n,Verbose(1,KEYS=${KEYS})
 same => n,Dial(PJSIP/201,20)
exten => 102,1,Answer()
 same => n,Playback(demo-congrats)
 same => n,Hangup()
exten => 103,1,Busy()
[phones]
exten => 202,1,Dial(PJSIP/202,20)
exten => *11,1,Answer()
 same => n,Read(KEYS,,2,,1,5)
 same => n,Verbose(1,FEATURE=${KEYS})
 same => n,Hangup()
exten => 999,1,Progress()
 same => n,Playback(demo-congrats,noanswer)
 same => n,Hangup(21)
""",
}
PHONE = """
[{user}]
type=endpoint
context=phones
disallow=all
allow=ulaw
auth={user}
aors={user}
direct_media=no
[{user}]
type=auth
auth_type=userpass
username={user}
password=secret{user}
[{user}]
type=aor
max_contacts=1
remove_existing=yes
qualify_frequency=2
"""


def start(node: Node, carrier_address: str, users: tuple[str, ...] = ("201", "202")) -> None:
    """Writes the configuration, stops Debian's Asterisk and starts this one."""
    arch = node.run(["dpkg-architecture", "-qDEB_HOST_MULTIARCH"], check=False).stdout.strip()
    arch = arch or node.run(["sh", "-c", "ls -d /usr/lib/*/asterisk/modules"]).stdout.split("/")[3]
    for name, text in FILES.items():
        text = text.replace("MULTIARCH", arch).replace("CARRIER", carrier_address)
        if name == "pjsip.conf":
            text += "".join(PHONE.format(user=user) for user in users)
        node.write_file(f"{DIR}/{name}", text)
    node.systemctl("stop", "asterisk.service")
    node.run(["systemd-run", "--unit=plain", "asterisk", "-C", CONF, "-f"])
    node.wait_for(
        lambda: node.run(["asterisk", "-C", CONF, "-rx", "core waitfullybooted"], check=False).returncode == 0,
        15,
        "Asterisk's full boot",
    )
