"""What the dashboard of geography says."""

from __future__ import annotations

from tools.dashboards.text import Said, Text
from tools.dashboards.texts import columns as c

TITLE = Text("Geography", "Địa lý")
ABOUT = Text(
    "How far the countries can be trusted: on what ground they are told, how many are unknown, how old the databases are, and where they disagree.",
    "Quốc gia đáng tin đến đâu: xác định theo căn cứ nào, bao nhiêu chưa xác định, cơ sở dữ liệu cũ bao lâu, và không khớp nhau ở đâu.",
)
GROUND = Text("On what ground?", "Theo căn cứ nào?")
DATABASES = Text("Databases", "Cơ sở dữ liệu")

SHARE = Said(
    "geography-share",
    Text("Flows to unknown countries", "Luồng đến nơi không xác định"),
    Text(
        "The part of flows abroad in this range whose country nobody knows. Over 5 %: update the database (`crossborder geoip update`), and add your own networks to the table of overrides.",
        "Tỷ lệ luồng ra nước ngoài trong khoảng này không xác định được quốc gia. Trên 5 %: cập nhật cơ sở dữ liệu (`crossborder geoip update`) và thêm mạng của đơn vị vào bảng riêng.",
    ),
    c.NOTHING_OUT,
)
BYTES = Said(
    "geography-bytes",
    Text("Bytes to unknown countries", "Dung lượng đến nơi không xác định"),
    Text(
        "What left in this range for nobody knows where. It is counted as abroad, never as domestic.",
        "Dung lượng gửi đến nơi không xác định trong khoảng này. Luôn tính là ra nước ngoài, không bao giờ tính là trong nước.",
    ),
    c.NO_AGENT,
)
OLDEST = Said(
    "geography-oldest",
    Text("Oldest database", "Cơ sở dữ liệu cũ nhất"),
    Text(
        "Age of the oldest database in use that says when it was built. Over 200 days countries are often wrong: `crossborder geoip update`, or carry the file over by hand.",
        "Tuổi của cơ sở dữ liệu cũ nhất đang dùng có ghi ngày lập. Trên 200 ngày, quốc gia thường sai: chạy `crossborder geoip update` hoặc chép tệp bằng tay.",
    ),
    c.NO_DATABASE,
)
MISSING = Said(
    "geography-missing",
    Text("Databases not loaded", "Cơ sở dữ liệu chưa nạp"),
    Text(
        "Databases that could not be read. More than 0: the log names the file. Until then every address it knew is unknown.",
        "Số cơ sở dữ liệu không đọc được. Lớn hơn 0: nhật ký nêu tên tệp. Cho đến khi sửa, mọi địa chỉ trong đó đều là không xác định.",
    ),
    c.NO_AGENT,
)
DISAGREE = Said(
    "geography-disagree",
    Text("Answers that disagree", "Kết quả không khớp"),
    Text(
        "Lookups in this range for which the registries' database names another country than the one that was taken. Many: the network was sold or moved; check it with `crossborder geoip lookup`.",
        "Số lần tra cứu trong khoảng này mà cơ sở dữ liệu đăng ký nêu quốc gia khác với quốc gia đã lấy. Nếu nhiều: mạng đã bán hoặc chuyển đi; kiểm tra bằng `crossborder geoip lookup`.",
    ),
    c.NO_AGENT,
)
BASIS = Said(
    "geography-basis",
    Text("Ground of countries", "Căn cứ xác định quốc gia"),
    Text(
        "Flows abroad by what told their country. Your own table is surest, the database is ordinary, anycast is where the operator is registered, unknown is nobody's word.",
        "Luồng ra nước ngoài theo căn cứ xác định quốc gia. Bảng của đơn vị là chắc nhất, cơ sở dữ liệu là thông thường, anycast là nơi nhà khai thác đăng ký, không xác định là không có căn cứ.",
    ),
    c.NOTHING_OUT,
)
UNKNOWN = Said(
    "geography-unknown",
    Text("Unknown part over time", "Tỷ lệ không xác định theo thời gian"),
    Text(
        "The part of flows abroad with unknown country, against the line at which the alert fires. Above it: update the database, then look which system sends there.",
        "Tỷ lệ luồng ra nước ngoài không xác định quốc gia, so với đường ngưỡng cảnh báo. Vượt ngưỡng: cập nhật cơ sở dữ liệu rồi xem hệ thống nào gửi đến đó.",
    ),
    c.NOTHING_OUT,
)
TREND = Said(
    "geography-trend",
    Text("Bytes to unknown countries over time", "Dung lượng đến nơi không xác định theo thời gian"),
    Text(
        "What leaves in a second for unknown countries, by gateway. A step on one gateway is one system: see Violations, rule unknown_country.",
        "Dung lượng gửi mỗi giây đến nơi không xác định, theo cổng mạng. Bậc tăng ở một cổng thường do một hệ thống: xem bảng Vi phạm, quy tắc unknown_country.",
    ),
    c.NOTHING_OUT,
)
TABLE = Said(
    "geography-table",
    Text("Databases", "Các cơ sở dữ liệu"),
    Text(
        "Every database in use by gateway: whether it is loaded, and how old. Gateways of one unit should use the same ones.",
        "Mọi cơ sở dữ liệu đang dùng theo cổng mạng: đã nạp chưa, cũ bao lâu. Các cổng mạng của một đơn vị nên dùng giống nhau.",
    ),
    c.NO_DATABASE,
)
AGES = Said(
    "geography-ages",
    Text("Age over time", "Tuổi theo thời gian"),
    Text(
        "Age of each database against the line at which the alert fires. It must fall at each update; a line that only rises is never updated.",
        "Tuổi của từng cơ sở dữ liệu so với đường ngưỡng cảnh báo. Mỗi lần cập nhật tuổi phải giảm; đường chỉ tăng là chưa từng cập nhật.",
    ),
    c.NO_DATABASE,
)
LOOKUPS = Said(
    "geography-lookups",
    Text("Lookups by result", "Tra cứu theo kết quả"),
    Text(
        "Addresses looked up in a second by what came of it. Errors: the file is damaged. Many not found: it is old, or too small.",
        "Số địa chỉ tra cứu mỗi giây theo kết quả. Lỗi: tệp hỏng. Nhiều không tìm thấy: cơ sở dữ liệu cũ hoặc quá nhỏ.",
    ),
    c.NO_TRAFFIC,
)
MISSES = Said(
    "geography-misses",
    Text("Not found, by database", "Không tìm thấy, theo cơ sở dữ liệu"),
    Text(
        "The part of lookups that a database had no answer to. Overlays are asked first and know little, so much there is ordinary; of the country database it is not.",
        "Tỷ lệ tra cứu không có kết quả. Bảng riêng được hỏi trước và biết ít nên tỷ lệ cao là bình thường; với cơ sở dữ liệu quốc gia thì không.",
    ),
    c.NO_TRAFFIC,
)
