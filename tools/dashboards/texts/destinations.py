"""What the dashboard of destinations says."""

from __future__ import annotations

from tools.dashboards.text import Said, Text
from tools.dashboards.texts import columns as c

TITLE = Text("Destinations", "Nơi đến")
ABOUT = Text(
    "Country, operator, server: where data goes, from which system, and how much of it could be read.",
    "Quốc gia, nhà khai thác mạng, máy chủ: dữ liệu đi đâu, từ hệ thống nào, đọc được đến đâu.",
)
SUMMARY = Text("In this range", "Trong khoảng thời gian này")
COUNTRIES = Text("Countries", "Các quốc gia")
SYSTEMS = Text("From which systems?", "Từ hệ thống nào?")
LOG = Text(
    "Operators and servers, from the event log (needs Loki)", "Nhà khai thác và máy chủ, từ nhật ký sự kiện (cần Loki)"
)

BYTES = Said(
    "destinations-bytes",
    Text("Bytes out", "Dung lượng gửi ra"),
    Text(
        "Bytes of IP packets that left for the chosen countries. Compare with a longer range to see whether it is usual.",
        "Dung lượng gói tin IP gửi đến các quốc gia đã chọn. So với khoảng thời gian dài hơn để biết có bình thường không.",
    ),
    c.NO_AGENT,
)
BYTES_IN = Said(
    "destinations-bytes-in",
    Text("Bytes in", "Dung lượng nhận về"),
    Text(
        "Bytes that came from there. Much out and little in is how an upload looks: see the table.",
        "Dung lượng nhận từ các quốc gia đó. Gửi nhiều mà nhận ít là dấu hiệu tải lên: xem bảng.",
    ),
    c.NO_AGENT,
)
FLOWS = Said(
    "destinations-flows",
    Text("Flows out", "Số luồng gửi ra"),
    Text(
        "Flows that sent anything out, counted once each. Very many small ones may be a scan, or data in drips: see Violations.",
        "Số luồng có gửi dữ liệu ra, mỗi luồng đếm một lần. Quá nhiều luồng nhỏ có thể là dò quét hoặc rò rỉ từng ít một: xem bảng Vi phạm.",
    ),
    c.NO_AGENT,
)
UNKNOWN = Said(
    "destinations-unknown",
    Text("To unknown countries", "Đến nơi không xác định"),
    Text(
        "The part of bytes that went where no database knows the country. High: see Geography, and the rule unknown_country.",
        "Tỷ lệ dung lượng gửi đến nơi không cơ sở dữ liệu nào biết quốc gia. Nếu cao: xem bảng Địa lý và quy tắc unknown_country.",
    ),
    c.NOTHING_OUT,
)
TABLE = Said(
    "destinations-table",
    Text("Countries", "Các quốc gia"),
    Text(
        "What went to each country and came from it, and the part of what went that could not be read. A country nobody expects here: open the event log below, or `crossborder replay` a capture of it.",
        "Dữ liệu gửi đến và nhận về từ mỗi quốc gia, cùng tỷ lệ không đọc được. Nếu có quốc gia không ngờ tới: mở nhật ký sự kiện bên dưới, hoặc chạy `crossborder replay` trên tệp bắt gói.",
    ),
    c.NOTHING_OUT,
)
OUT = Said(
    "destinations-out",
    Text("Bytes out by country", "Gửi ra theo quốc gia"),
    Text(
        "What leaves in a second, the ten countries that get most. A step that stays is a new habit: find its system below.",
        "Dung lượng gửi ra mỗi giây, mười quốc gia nhận nhiều nhất. Bậc tăng kéo dài là thói quen mới: tìm hệ thống ở bên dưới.",
    ),
    c.NOTHING_OUT,
)
IN = Said(
    "destinations-in",
    Text("Bytes in by country", "Nhận về theo quốc gia"),
    Text(
        "What comes in from abroad in a second, the ten countries that send most. For comparison with what leaves.",
        "Dung lượng nhận từ nước ngoài mỗi giây, mười quốc gia gửi nhiều nhất. Để so với dung lượng gửi ra.",
    ),
    c.NO_TRAFFIC,
)
INSPECTED = Said(
    "destinations-inspected",
    Text("How much could be read", "Đọc được đến đâu"),
    Text(
        "What leaves, by how much of it could be read. Opaque traffic from systems with core data has a budget: see the table of systems.",
        "Dữ liệu gửi ra theo mức đọc được. Lưu lượng không đọc được từ hệ thống có dữ liệu cốt lõi phải trong hạn mức: xem bảng hệ thống.",
    ),
    c.NOTHING_OUT,
)
BASIS = Said(
    "destinations-basis",
    Text("On what ground the country is told", "Quốc gia được xác định theo căn cứ nào"),
    Text(
        "Flows out by what told their country. Anycast is the operator's registration and says little about the place; unknown is nobody's word. Both growing: see Geography.",
        "Luồng gửi ra theo căn cứ xác định quốc gia. Anycast là nơi đăng ký của nhà khai thác, ít nói lên vị trí thật; không xác định là không có căn cứ nào. Cả hai tăng: xem bảng Địa lý.",
    ),
    c.NOTHING_OUT,
)
SYSTEM_TABLE = Said(
    "destinations-systems",
    Text("Systems and countries", "Hệ thống và quốc gia"),
    Text(
        "What left from each system of the assets file to each country, the gravest class the system is tagged with, and the part that could not be read. A core system here needs a permit: see Permits and thresholds.",
        "Dữ liệu từ mỗi hệ thống trong tệp tài sản đến mỗi quốc gia, loại nghiêm trọng nhất của hệ thống, và tỷ lệ không đọc được. Hệ thống có dữ liệu cốt lõi xuất hiện ở đây phải có giấy phép: xem bảng Giấy phép và ngưỡng.",
    ),
    c.NO_SYSTEMS,
)
SYSTEM_LINES = Said(
    "destinations-system-lines",
    Text("Bytes out by system", "Gửi ra theo hệ thống"),
    Text(
        "What systems send abroad in a second. A system that never sent and now does: ask its owner.",
        "Dung lượng các hệ thống gửi ra nước ngoài mỗi giây. Hệ thống chưa từng gửi mà nay gửi: hỏi bên chủ quản.",
    ),
    c.NO_SYSTEMS,
)
SYSTEM_CLASS = Said(
    "destinations-system-class",
    Text("Bytes out by class of the system", "Gửi ra theo loại dữ liệu của hệ thống"),
    Text(
        "The same by the gravest class each system is tagged with. What comes from addresses in no system of the assets file is not here: the more is missing, the less the rules can see.",
        "Như trên, theo loại nghiêm trọng nhất của hệ thống. Dữ liệu từ địa chỉ không thuộc hệ thống nào trong tệp tài sản không có ở đây: thiếu càng nhiều, quy tắc càng thấy ít.",
    ),
    c.NO_SYSTEMS,
)
OPERATORS = Said(
    "destinations-operators",
    Text("By country, operator and server", "Theo quốc gia, nhà khai thác và máy chủ"),
    Text(
        "Bytes of flows with findings that ended in this range, by who runs the network and which server name was asked for. Only flows that a rule found are in the event log; metrics hold no names. Needs a Loki.",
        "Dung lượng các luồng có phát hiện đã kết thúc trong khoảng này, theo đơn vị khai thác mạng và tên máy chủ. Nhật ký chỉ có luồng bị quy tắc phát hiện; số liệu không chứa tên. Cần Loki.",
    ),
    c.NO_LOG,
)
BY_OPERATOR = Said(
    "destinations-by-operator",
    Text("By operator", "Theo nhà khai thác mạng"),
    Text(
        "The same by operator alone. One that nobody has a contract with: see its servers in the table beside.",
        "Như bảng bên, chỉ theo nhà khai thác. Nếu không ai có hợp đồng với đơn vị đó: xem các máy chủ ở bảng bên.",
    ),
    c.NO_LOG,
)
