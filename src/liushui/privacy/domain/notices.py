"""The notices that come with the program: a chain puts its own in their place."""

from __future__ import annotations

from liushui.privacy.contracts import MARKETING, MEMBERSHIP, PROFILING, Notice

BUILT_IN_VERSION = "1"
BUILT_IN: dict[str, Notice] = {
    purpose: Notice(purpose=purpose, version=BUILT_IN_VERSION, text_zh=text_zh, text_en=text_en, published_at=None)
    for purpose, text_zh, text_en in (
        (
            MEMBERSHIP,
            "为了给您办理会员、累计和使用积分与储值、发送与您的账户有关的通知，我们保存您的手机号，"
            "以及您自愿填写的姓名、生日和邮箱。这些信息加密保存，不会出现在小票里，也不会出售。"
            "您可以随时查看、导出、更正，或者注销并抹除。",
            "To run your membership, to count and use your points and stored value, and to tell you about your "
            "account, we keep your mobile number and, if you like, your name, birthday and e-mail address. "
            "They are kept encrypted, stand on no receipt and are never sold. You may see, export, correct or erase "
            "them at any time.",
        ),
        (
            MARKETING,
            "我们会用短信或邮件告诉您优惠和活动。不同意不影响会员权益；您可以随时撤回，撤回后立即停止。",
            "We tell you about offers by text message or e-mail. Your membership is the same without it; you may "
            "withdraw at any time, and it stops at once.",
        ),
        (
            PROFILING,
            "我们会根据您的购买记录推荐可能合您心意的商品和优惠。不同意不影响会员权益；您可以随时撤回。",
            "We look at what you bought to suggest goods and offers that may suit you. Your membership is the same "
            "without it; you may withdraw at any time.",
        ),
    )
}
