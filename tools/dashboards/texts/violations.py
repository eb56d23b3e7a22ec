"""What the dashboard of violations says."""

from __future__ import annotations

from tools.dashboards.text import Said, Text
from tools.dashboards.texts import columns as c

TITLE = Text("Violations", "Vi phạm")
ABOUT = Text(
    "Which rules were broken, how gravely, towards which country, and when last.",
    "Quy tắc nào bị vi phạm, mức độ nào, đến quốc gia nào, lần gần nhất khi nào.",
)
SUMMARY = Text("In this range", "Trong khoảng thời gian này")
TIME = Text("Over time", "Theo thời gian")
DETAIL = Text("Rules and countries", "Quy tắc và quốc gia")
ACT = Text("What to do", "Việc cần làm")
RUNBOOKS = Text("Runbooks", "Sổ tay xử lý")
RUNBOOK_LIST = Text(
    """| what | runbook of its alert |
|---|---|
| Core data | [CrossborderCoreDataViolation](${runbooks}/CrossborderCoreDataViolation.md) |
| State secrets | [CrossborderSecrecyMarkViolation](${runbooks}/CrossborderSecrecyMarkViolation.md) |
| Important data | [CrossborderImportantDataViolation](${runbooks}/CrossborderImportantDataViolation.md) |
| Personal data | [CrossborderPersonalDataViolation](${runbooks}/CrossborderPersonalDataViolation.md) |
| A grave sign without legal class | [CrossborderGraveSign](${runbooks}/CrossborderGraveSign.md) |
| A permit over its ceiling | [CrossborderPermitOverrun](${runbooks}/CrossborderPermitOverrun.md) |

A rule cites, a person decides: whether a violation is one in law is not settled on this page.""",
    """| việc | sổ tay của cảnh báo |
|---|---|
| Dữ liệu cốt lõi | [CrossborderCoreDataViolation](${runbooks}/CrossborderCoreDataViolation.md) |
| Bí mật nhà nước | [CrossborderSecrecyMarkViolation](${runbooks}/CrossborderSecrecyMarkViolation.md) |
| Dữ liệu quan trọng | [CrossborderImportantDataViolation](${runbooks}/CrossborderImportantDataViolation.md) |
| Dữ liệu cá nhân | [CrossborderPersonalDataViolation](${runbooks}/CrossborderPersonalDataViolation.md) |
| Dấu hiệu nghiêm trọng không thuộc loại nào | [CrossborderGraveSign](${runbooks}/CrossborderGraveSign.md) |
| Giấy phép vượt giới hạn | [CrossborderPermitOverrun](${runbooks}/CrossborderPermitOverrun.md) |

Quy tắc chỉ viện dẫn, con người quyết định: vi phạm ở đây có phải là vi phạm pháp luật hay không, trang này không kết luận.""",
)
LOG = Text("From the event log (needs Loki)", "Từ nhật ký sự kiện (cần Loki)")

COUNT = Said(
    "violations-count",
    Text("Violations", "Vi phạm"),
    Text(
        "Findings that no permit covers, each counted once when it opened. More than 0: the table of rules below says which rule, the runbook of its alert says what to do.",
        "Phát hiện không được giấy phép nào bao phủ, mỗi phát hiện đếm một lần khi mở. Lớn hơn 0: bảng quy tắc bên dưới cho biết quy tắc nào, sổ tay của cảnh báo tương ứng cho biết việc cần làm.",
    ),
    c.NO_AGENT,
)
GRAVE = Said(
    "violations-grave",
    Text("Critical", "Nghiêm trọng"),
    Text(
        "Violations of rules of the highest level. Must be 0. Otherwise act at once: runbook docs/runbooks/CrossborderCoreDataViolation.md.",
        "Vi phạm quy tắc ở mức cao nhất. Phải bằng 0. Nếu khác 0, xử lý ngay theo sổ tay docs/runbooks/CrossborderCoreDataViolation.md.",
    ),
    c.NO_AGENT,
)
BYTES = Said(
    "violations-bytes",
    Text("Bytes of these flows", "Dung lượng các luồng này"),
    Text(
        "Outward bytes of flows with a violation, from the report that matched on. A flow that breaks two rules is counted under both. Large: see which rule in the table.",
        "Dung lượng gửi ra của các luồng vi phạm, kể từ báo cáo khớp quy tắc. Luồng vi phạm hai quy tắc được tính cho cả hai. Nếu lớn: xem quy tắc nào trong bảng.",
    ),
    c.NO_VIOLATIONS,
)
RULES = Said(
    "violations-rules",
    Text("Rules broken", "Số quy tắc bị vi phạm"),
    Text(
        "How many different rules found something that no permit covers. Many at once often mean one cause: a new service, or a lost allow-list.",
        "Số quy tắc khác nhau có phát hiện không được giấy phép bao phủ. Nhiều quy tắc cùng lúc thường có chung một nguyên nhân: dịch vụ mới, hoặc mất danh sách cho phép.",
    ),
    c.NO_AGENT,
)
PERMITTED = Said(
    "violations-permitted",
    Text("Permitted findings", "Phát hiện được phép"),
    Text(
        "Findings that a permit covers, for comparison. They are no violations. How much of each permit is used: Permits and thresholds.",
        "Phát hiện được giấy phép bao phủ, để so sánh. Đây không phải là vi phạm. Mức đã dùng của từng giấy phép: bảng Giấy phép và ngưỡng.",
    ),
    c.NO_AGENT,
)
BY_SEVERITY = Said(
    "violations-severity",
    Text("By severity", "Theo mức độ"),
    Text(
        "Violations as they opened, by the level of the rule. Dark red first: each of these has an alert of its own.",
        "Vi phạm tại thời điểm mở, theo mức độ của quy tắc. Ưu tiên màu đỏ đậm: mỗi vi phạm loại này có cảnh báo riêng.",
    ),
    c.NO_VIOLATIONS,
)
BY_DECISION = Said(
    "violations-decision",
    Text("By decision", "Theo kết luận"),
    Text(
        "Violations by why no permit covers them. Over a ceiling and Expired can be cured by a new dossier; Recipient not in the permit means that data goes to somebody else than approved.",
        "Vi phạm theo lý do không được giấy phép bao phủ. Vượt giới hạn và Hết hạn có thể khắc phục bằng hồ sơ mới; Bên nhận ngoài giấy phép nghĩa là dữ liệu đến nơi khác với nơi được chấp thuận.",
    ),
    c.NO_VIOLATIONS,
)
BY_RULE = Said(
    "violations-by-rule",
    Text("By rule over time", "Theo quy tắc"),
    Text(
        "The ten rules with most violations, as they opened. A rule that fires at a steady beat points to a timed job; ask the system's owner.",
        "Mười quy tắc có nhiều vi phạm nhất, tại thời điểm mở. Quy tắc báo đều đặn thường do tác vụ định kỳ; hỏi bên chủ quản hệ thống.",
    ),
    c.NO_VIOLATIONS,
)
BY_CLASS = Said(
    "violations-class",
    Text("By class of data", "Theo loại dữ liệu"),
    Text(
        "Violations by the legal class of the rule. No legal class: signs such as tunnels, that cite no law and still matter.",
        "Vi phạm theo loại dữ liệu của quy tắc. Không thuộc loại nào: dấu hiệu như đường hầm, không viện dẫn luật nhưng vẫn đáng lưu ý.",
    ),
    c.NO_VIOLATIONS,
)
TABLE = Said(
    "violations-table",
    Text("Rules", "Các quy tắc"),
    Text(
        "Every rule that found a violation: what it is called, what it cites, how often, how many bytes, and when last (to one step of the range). Click a rule to filter this page. What to do: the runbook of the alert, in docs/runbooks, and `crossborder rules show NAME`.",
        "Mọi quy tắc có vi phạm: tên, mục viện dẫn, số lần, dung lượng, lần gần nhất (chính xác đến một bước của khoảng thời gian). Bấm vào quy tắc để lọc trang này. Việc cần làm: sổ tay của cảnh báo trong docs/runbooks, và lệnh `crossborder rules show TÊN`.",
    ),
    c.NO_VIOLATIONS,
)
COUNTRY = Said(
    "violations-country",
    Text("By country", "Theo quốc gia"),
    Text(
        "Violations and their bytes by destination. Click a country to see all that goes there, violations or not.",
        "Vi phạm và dung lượng theo nơi đến. Bấm vào quốc gia để xem mọi dữ liệu gửi đến đó, kể cả không vi phạm.",
    ),
    c.NO_VIOLATIONS,
)
REASONS = Said(
    "violations-reasons",
    Text("Decisions by rule", "Kết luận theo quy tắc"),
    Text(
        "All findings of each rule by decision, permitted ones included. A rule that is only ever permitted works as approved; one with both has some flows outside the permit.",
        "Mọi phát hiện của từng quy tắc theo kết luận, kể cả được phép. Quy tắc chỉ có phát hiện được phép là đúng như chấp thuận; nếu có cả hai thì một số luồng nằm ngoài giấy phép.",
    ),
    c.NO_FINDINGS,
)
NEWEST = Said(
    "violations-newest",
    Text("Newest findings", "Phát hiện mới nhất"),
    Text(
        'The events as the agent wrote them, with sender, recipient, reason and permit. Needs a Loki that gets the event file under job="crossborder"; without one this row stays closed.',
        'Sự kiện như phần mềm giám sát đã ghi, gồm bên gửi, bên nhận, lý do và giấy phép. Cần Loki nhận tệp sự kiện với nhãn job="crossborder"; nếu không có, để hàng này đóng.',
    ),
    c.NO_LOG,
)
