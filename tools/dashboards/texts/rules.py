"""What the dashboard of rules says."""

from __future__ import annotations

from tools.dashboards.text import Said, Text
from tools.dashboards.texts import columns as c

TITLE = Text("Rules", "Quy tắc")
ABOUT = Text(
    "Which rules are in force, whether all gateways have the same, whether they were read well, what they find, and what they cost.",
    "Quy tắc nào đang có hiệu lực, mọi cổng mạng có giống nhau không, đọc có tốt không, phát hiện được gì và tốn bao nhiêu.",
)
FORCE = Text("In force", "Đang có hiệu lực")
FOUND = Text("What they find", "Phát hiện được gì")
COST_ROW = Text("What they cost", "Chi phí")

LOADED = Said(
    "rules-loaded",
    Text("Rules in force", "Quy tắc có hiệu lực"),
    Text(
        "Rules that are evaluated, the gateway with fewest. 0: nothing is found at all; see the log and `crossborder check`.",
        "Số quy tắc đang được đối chiếu, lấy cổng mạng có ít nhất. 0: không phát hiện được gì; xem nhật ký và `crossborder check`.",
    ),
    c.NO_AGENT,
)
SETS = Said(
    "rules-sets",
    Text("Different sets of rules", "Số bộ quy tắc khác nhau"),
    Text(
        "How many different sets the chosen gateways run. 1 is well. More: some gateway has not got the last change; the table below says which.",
        "Số bộ quy tắc khác nhau trên các cổng mạng đã chọn. 1 là tốt. Nhiều hơn: có cổng mạng chưa nhận thay đổi gần nhất; xem bảng bên dưới.",
    ),
    c.NO_AGENT,
)
RELOAD = Said(
    "rules-reload",
    Text("Last reading went well", "Lần đọc gần nhất thành công"),
    Text(
        "Whether configuration, rules and tables were read without a fault on every gateway. No: the ones before stay in force; the log names file and line.",
        "Cấu hình, quy tắc và các bảng có được đọc không lỗi trên mọi cổng mạng hay không. Không: bản trước vẫn có hiệu lực; nhật ký nêu tệp và dòng lỗi.",
    ),
    c.NO_AGENT,
)
SINCE = Said(
    "rules-since",
    Text("Since the last reading", "Kể từ lần đọc gần nhất"),
    Text(
        "How long ago the gateway that waited longest read its rules. Longer than since your last change: it has not taken it in.",
        "Cổng mạng lâu nhất chưa đọc lại quy tắc là bao lâu. Lâu hơn lần thay đổi gần nhất của bạn: cổng đó chưa nhận thay đổi.",
    ),
    c.NO_AGENT,
)
SILENT = Said(
    "rules-silent",
    Text("Rules without a match", "Quy tắc chưa khớp lần nào"),
    Text(
        "Rules in force that found nothing in this range. That is ordinary for most; of a rule you expect to fire, see the table and test it with `crossborder rules test`.",
        "Số quy tắc có hiệu lực nhưng không phát hiện gì trong khoảng này. Phần lớn là bình thường; với quy tắc bạn cho là phải báo, xem bảng và thử bằng `crossborder rules test`.",
    ),
    c.NO_RULES,
)
BY_SEVERITY = Said(
    "rules-by-severity",
    Text("Rules by severity", "Quy tắc theo mức độ"),
    Text(
        "Rules in force over time, by level; of several gateways the most. A step down that nobody ordered: a file is gone.",
        "Số quy tắc có hiệu lực theo thời gian và mức độ; nếu có nhiều cổng mạng thì lấy số lớn nhất. Giảm mà không ai yêu cầu: mất tệp quy tắc.",
    ),
    c.NO_RULES,
)
HASHES = Said(
    "rules-hashes",
    Text("Rules of each gateway", "Bộ quy tắc của từng cổng mạng"),
    Text(
        "The hash over all rules in force, and how many times they were read since the start. Gateways that differ in the hash judge differently.",
        "Mã băm của toàn bộ quy tắc có hiệu lực và số lần đọc từ khi khởi động. Các cổng mạng có mã băm khác nhau sẽ đánh giá khác nhau.",
    ),
    c.NO_AGENT,
)
READ = Said(
    "rules-read",
    Text("Readings", "Các lần đọc"),
    Text(
        "1 while the last reading went well, 0 from a faulty one on until it is put right. The log names file and line of the fault.",
        "1 khi lần đọc gần nhất thành công, 0 từ lúc đọc lỗi cho đến khi sửa xong. Nhật ký nêu tệp và dòng lỗi.",
    ),
    c.NO_AGENT,
)
MATCHES = Said(
    "rules-matches",
    Text("Findings by rule", "Phát hiện theo quy tắc"),
    Text(
        "The ten rules that find most, permitted findings included, as they opened. One that finds far more than all others may want an exception, or a permit.",
        "Mười quy tắc phát hiện nhiều nhất, kể cả được phép. Quy tắc báo nhiều hơn hẳn có thể cần ngoại lệ hoặc giấy phép.",
    ),
    c.NO_FINDINGS,
)
DETECTED = Said(
    "rules-detected",
    Text("Values recognised, by detector", "Giá trị nhận ra, theo bộ dò"),
    Text(
        "What detectors recognised in what went out in the clear, the ten that found most. Values are never kept. Much of one kind: see Violations, and the persons in Permits and thresholds.",
        "Giá trị bộ dò nhận ra trong dữ liệu gửi ra ở dạng rõ, mười bộ dò nhiều nhất. Giá trị không bao giờ được lưu. Nhiều ở một loại: xem bảng Vi phạm, và số người ở bảng Giấy phép và ngưỡng.",
    ),
    c.NO_DETECTIONS,
)
TABLE = Said(
    "rules-table",
    Text("All rules", "Mọi quy tắc"),
    Text(
        "Every rule in force with what it cites and what it found in this range. Click a rule for its violations; `crossborder rules show NAME` says what it misses.",
        "Mọi quy tắc có hiệu lực, văn bản viện dẫn và số phát hiện trong khoảng này. Bấm vào quy tắc để xem vi phạm; `crossborder rules show TÊN` cho biết quy tắc bỏ sót gì.",
    ),
    c.NO_RULES,
)
NEVER = Said(
    "rules-never",
    Text("Never matched in this range", "Chưa khớp trong khoảng này"),
    Text(
        "Rules in force that found nothing. A rule on tags finds nothing where the assets file tags nothing: see `crossborder rules coverage`.",
        "Quy tắc có hiệu lực nhưng không phát hiện gì. Quy tắc theo nhãn không thấy gì nếu tệp tài sản không gắn nhãn: xem `crossborder rules coverage`.",
    ),
    Text("every rule has found something", "mọi quy tắc đều có phát hiện"),
)
COST = Said(
    "rules-cost",
    Text("Cost of each rule", "Chi phí của từng quy tắc"),
    Text(
        "What a rule costs a flow when it is evaluated alone, measured on a sample in turn; the dearest gateway. Together rules cost less, for they share what they ask. A rule far above the others: look for |re and for long lists.",
        "Chi phí của một quy tắc trên mỗi luồng khi đối chiếu riêng, đo lần lượt trên mẫu; lấy cổng mạng tốn nhất. Đối chiếu chung tốn ít hơn vì dùng chung câu hỏi. Quy tắc cao hơn hẳn: xem |re và danh sách dài.",
    ),
    Text("no rule was measured yet", "chưa đo quy tắc nào"),
)
MATCHING = Said(
    "rules-matching",
    Text("Time in matching", "Thời gian đối chiếu"),
    Text(
        "Seconds a batch spends in matching: on average, and 99 in 100 stay below the other line. It must stay well below the tick: see Capture health.",
        "Số giây mỗi lô dành cho đối chiếu: trung bình, và mức mà 99 trên 100 lô không vượt. Phải nhỏ hơn nhiều so với chu kỳ: xem bảng Tình trạng thu bắt gói tin.",
    ),
    c.NO_AGENT,
)
EVICTED = Said(
    "rules-evicted",
    Text("State that gave way", "Trạng thái bị loại bỏ"),
    Text(
        "State of the rule engine that gave way to newer state, in a second. Above 0 a slow count over many flows may miss its threshold: fewer group-by fields, or shorter spans.",
        "Trạng thái của bộ đối chiếu bị thay bằng trạng thái mới, mỗi giây. Lớn hơn 0: phép đếm dài trên nhiều luồng có thể không chạm ngưỡng; giảm trường group-by hoặc rút ngắn khoảng thời gian.",
    ),
    c.NONE_LOST,
)
MEAN = Text("Average", "Trung bình")
MOST = Text("99 in 100", "99 trên 100")
