"""Prompts that core brings itself, in every language."""

from __future__ import annotations

from jackfield.prompts.speech_texts import speech_sounds

CORE_PROMPTS: dict[str, dict[str, str]] = {
    "sorry": {
        "en": "We are sorry, your call cannot be completed now. Please try again later.",
        "zh": "很抱歉，现在无法接通您的电话，请稍后再拨。",
    },
    "closed": {
        "en": "We are closed at the moment. Please call again during our business hours.",
        "zh": "我们现在已经下班，请在营业时间再次来电。",
    },
    "not-in-service": {
        "en": "The number you have dialled is not in service. Please check the number and try again.",
        "zh": "您拨打的号码未启用，请核对后再拨。",
    },
    "all-busy": {
        "en": "All lines are busy at the moment. Please try again in a minute.",
        "zh": "现在所有线路都忙，请稍后再拨。",
    },
    "call-not-allowed": {
        "en": "You are not allowed to call this number.",
        "zh": "您没有权限拨打此号码。",
    },
    "call-limit-reached": {
        "en": "The limit for outside calls has been reached. Please try again later.",
        "zh": "外线通话已达到限额，请稍后再拨。",
    },
    "all-lines-busy": {
        "en": "All outside lines are busy now. Please try again later.",
        "zh": "外线全忙，请稍后再拨。",
    },
    "number-busy": {"en": "The number you have dialled is busy.", "zh": "您拨打的号码正忙。"},
    "no-answer": {"en": "The number you have dialled does not answer.", "zh": "您拨打的号码无人接听。"},
    "confirm-call": {
        "en": "A caller waits for you. Press 1 to take the call.",
        "zh": "有来电在等待，接听请按1。",
    },
    "not-connected": {
        "en": "This number does not connect you to anybody at present. Goodbye.",
        "zh": "此号码目前无法为您转接，再见。",
    },
    "not-valid": {"en": "That was not valid.", "zh": "您的输入无效。"},
    "nothing-entered": {"en": "Nothing was entered.", "zh": "您没有输入。"},
    "goodbye": {"en": "Thank you for calling. Goodbye.", "zh": "感谢您的来电，再见。"},
    "feature-dnd-on": {"en": "Do not disturb is on.", "zh": "免打扰已开启。"},
    "feature-dnd-off": {"en": "Do not disturb is off.", "zh": "免打扰已关闭。"},
    "feature-enter-number": {
        "en": "Enter the number that your calls shall go to, then press the hash key.",
        "zh": "请输入转接的目标号码，按井号键结束。",
    },
    "feature-forward-on": {"en": "Your calls are now forwarded to", "zh": "您的来电将转接到"},
    "feature-forward-off": {"en": "Call forwarding is off.", "zh": "呼叫转接已关闭。"},
    "feature-wrong-number": {"en": "Your calls cannot go to this number.", "zh": "不能转接到这个号码。"},
    "feature-not-a-phone": {"en": "This can only be done at an extension.", "zh": "只能在分机上操作。"},
    "feature-park-slot": {"en": "The call is parked at", "zh": "通话已驻留在"},
    "feature-park-full": {"en": "All parking places are taken.", "zh": "驻留位已满。"},
    "feature-park-empty": {"en": "Nobody is parked here.", "zh": "该驻留位没有通话。"},
    "feature-nothing-held": {"en": "There is no call on hold.", "zh": "没有保持中的通话。"},
    "feature-nothing-rings": {"en": "There is no call to pick up.", "zh": "没有可代接的来电。"},
    "feature-conference-name": {
        "en": "After the tone, say your name, then press the hash key.",
        "zh": "请在提示音后说出您的姓名，然后按井号键。",
    },
    "feature-conference-has-joined": {"en": "has joined the conference.", "zh": "已加入会议。"},
    "feature-conference-has-left": {"en": "has left the conference.", "zh": "已离开会议。"},
    "feature-transfer": {"en": "Enter the number to transfer to.", "zh": "请输入要转接的号码。"},
    "feature-no-transfer": {"en": "The call cannot be transferred there.", "zh": "无法转接到该号码。"},
    "feature-conference-whom": {
        "en": "Enter the number to add, then press the hash key.",
        "zh": "请输入要加入的号码，按井号键结束。",
    },
    "errand-again": {"en": "Press 1 to hear it again, or hang up.", "zh": "重听请按1，结束请挂机。"},
    "errand-record": {
        "en": "Speak after the tone. Press the hash key when you have finished.",
        "zh": "请在提示音后录音，结束请按井号键。",
    },
    "errand-nothing": {"en": "Nothing was recorded.", "zh": "没有录到声音。"},
    "errand-review": {
        "en": "Press 1 to keep it, 2 to hear it again, 3 to record it anew.",
        "zh": "保留请按1，重听请按2，重录请按3。",
    },
    "errand-kept": {"en": "The recording is kept.", "zh": "录音已保存。"},
    "feature-conference-joined": {"en": "You are in the conference.", "zh": "您已进入会议。"},
}
"""`{name: {language: text}}`; a site's own prompt of the same name takes its place."""

_DIGITS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "zh": ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"),
}
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def number_text(number: int, language: str) -> str:
    """The words of 0 to 99."""
    tens, ones = divmod(number, 10)
    digits = _DIGITS[language]
    if tens == 0:
        return digits[ones]
    if language == "zh":
        return ("" if tens == 1 else digits[tens]) + "十" + (digits[ones] if ones else "")
    if tens == 1:
        return _TEENS[ones]
    return _TENS[tens] + (f" {digits[ones]}" if ones else "")


def core_sounds() -> dict[str, dict[str, str]]:
    """Everything that core speaks: its prompts, `digit-0` to `digit-9`, `number-0` to `number-99`, and other words."""
    sounds = CORE_PROMPTS | speech_sounds()
    for digit in range(10):
        sounds[f"digit-{digit}"] = {language: number_text(digit, language) for language in _DIGITS}
    for number in range(100):
        sounds[f"number-{number}"] = {language: number_text(number, language) for language in _DIGITS}
    return sounds
