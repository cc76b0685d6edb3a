"""Prompts of the plugin's own, spoken at apply time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jackfield.config.fragments import SoundRequest

from jackfield_acd import pausing

if TYPE_CHECKING:
    from jackfield.config.site import Site

_TEXTS = {
    "acd-recorded": ("This call will be recorded.", "本次通话将被录音。"),
    "acd-position-before": ("You are number", "您现在排在第"),
    "acd-position-after": ("in line. Please hold.", "位，请稍候。"),
    "acd-wait-before": ("Your expected waiting time is about", "预计等待时间约"),
    "acd-wait-after": ("minutes.", "分钟。"),
    "acd-wait-short": ("Your expected waiting time is less than a minute.", "预计等待时间不到一分钟。"),
    "acd-wait-long": ("Your expected waiting time is more than one hour.", "预计等待时间超过一小时。"),
    "acd-callback-offer": (
        "To hang up and be called back when it is your turn, press",
        "如需挂机并在轮到您时接到回电，请按",
    ),
    "acd-callback-at": ("We will call you back at", "我们将回拨"),
    "acd-callback-right": (
        "If that is right, press one. For another number, press two.",
        "正确请按一，其他号码请按二。",
    ),
    "acd-callback-enter": (
        "Please enter the number at which we shall call you back, then press hash.",
        "请输入回电号码，按井号键结束。",
    ),
    "acd-callback-not-allowed": ("We cannot call this number.", "无法回拨此号码。"),
    "acd-callback-promised": (
        "Thank you. Your place in line is kept, and we will call you back. Goodbye.",
        "谢谢。您的排队位置已保留，我们会给您回电。再见。",
    ),
    "acd-callback-twice": (
        "This number is in line already, and will be called back. Goodbye.",
        "此号码已在排队等候回电。再见。",
    ),
    "acd-callback-none": ("You are still in line. Please hold.", "您仍在排队，请稍候。"),
    "acd-callback-for": ("You are calling back", "您将回拨"),
    "acd-callback-over": ("There is no call-back for you to take.", "没有需要您回拨的电话。"),
    "acd-logged-in": ("You are logged in.", "您已登录。"),
    "acd-logged-out": ("You are logged out.", "您已退出登录。"),
    "acd-paused": ("You are paused.", "您已暂停接听。"),
    "acd-ready": ("You are ready.", "您已就绪。"),
    "acd-personal": ("This call is personal service.", "本次通话已标记为个人服务。"),
    "acd-not-talking": ("This agent is not in a talk.", "该座席当前没有通话。"),
    "acd-may-not-supervise": ("You may not supervise this agent.", "您没有监督该座席的权限。"),
    "acd-not-there": ("You cannot log in at this number.", "您不能在此号码登录。"),
    "acd-unknown-reason": ("There is no such reason to pause.", "没有这个暂停原因。"),
    "acd-more-time": ("You have more time for your notes.", "您的整理时间已延长。"),
    "acd-no-more-time": ("There is no more time for notes.", "整理时间不能再延长。"),
    "acd-enter-pin": ("Please enter your PIN, then press hash.", "请输入您的密码，按井号键结束。"),
    "acd-wrong-pin": ("That PIN is wrong.", "密码错误。"),
    "acd-locked-out": ("Too many wrong PINs. Please try again in a minute.", "密码错误次数过多，请一分钟后再试。"),
    "acd-unknown-agent": ("This agent does not exist.", "没有这个座席。"),
    "acd-not-logged-in": ("Nobody is logged in at this phone.", "此话机没有座席登录。"),
    "acd-not-a-phone": ("This works only from a phone of this site.", "此功能只能在内部话机上使用。"),
}


def sounds(site: Site) -> list[SoundRequest]:
    """All prompts, in English and Chinese, and the site's reasons to pause."""
    own = [SoundRequest(name, {"en": english, "zh": chinese}) for name, (english, chinese) in _TEXTS.items()]
    return own + [SoundRequest(reason.sound, reason.spoken()) for reason in pausing.reasons(site)]
