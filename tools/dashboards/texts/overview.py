"""What the page for the officer says."""

from __future__ import annotations

from tools.dashboards.text import Said, Text
from tools.dashboards.texts import columns as c

TITLE = Text("Cross-border overview", "Tổng quan chuyển dữ liệu xuyên biên giới")
ABOUT = Text(
    "Where our data goes, what kind it is, by what right, how many persons it is about, and how much could not be seen.",
    "Dữ liệu đi đâu, thuộc loại nào, theo căn cứ nào, về bao nhiêu người, và bao nhiêu phần không quan sát được.",
)
SUMMARY = Text("In this range", "Trong khoảng thời gian này")
WHERE = Text("Where does it go?", "Dữ liệu đi đâu?")
WHAT = Text("What kind of data, and by what right?", "Loại dữ liệu nào, theo căn cứ nào?")
WHO = Text("How many persons?", "Về bao nhiêu người?")
UNSEEN = Text("How much could not be seen?", "Bao nhiêu phần không quan sát được?")

BYTES = Said(
    "overview-bytes",
    Text("Bytes out", "Dung lượng gửi ra"),
    Text(
        "Bytes of IP packets that left the country in this range. A jump is not a violation by itself: open Destinations and see which country and which system it comes from.",
        "Dung lượng gói tin IP ra khỏi biên giới trong khoảng thời gian này. Tăng vọt chưa phải là vi phạm: mở bảng Nơi đến để xem tăng do nước nào, hệ thống nào.",
    ),
    c.NOTHING_OUT,
)
COUNTRIES = Said(
    "overview-countries",
    Text("Countries reached", "Số quốc gia nhận"),
    Text(
        "How many countries anything was sent to, the unknown one not counted. More than usual means new destinations: see the table below, and Destinations.",
        "Số quốc gia có dữ liệu gửi đến, không kể nơi chưa xác định. Nhiều hơn thường lệ nghĩa là có nơi đến mới: xem bảng bên dưới và bảng Nơi đến.",
    ),
    c.NO_AGENT,
)
CORE = Said(
    "overview-core",
    Text("Violations: core data", "Vi phạm: dữ liệu cốt lõi"),
    Text(
        "Findings about core data that no permit covers, each counted once when it opened. Must be 0. Any other number: open Violations at once and follow the runbook.",
        "Phát hiện về dữ liệu cốt lõi mà không giấy phép nào bao phủ, mỗi phát hiện đếm một lần khi mở. Phải bằng 0. Nếu khác 0: mở ngay bảng Vi phạm và làm theo sổ tay xử lý.",
    ),
    c.NO_AGENT,
)
IMPORTANT = Said(
    "overview-important",
    Text("Violations: important data", "Vi phạm: dữ liệu quan trọng"),
    Text(
        "Findings about important data that no permit covers. Should be 0. Otherwise open Violations and see which rule, which country and which system.",
        "Phát hiện về dữ liệu quan trọng mà không giấy phép nào bao phủ. Nên bằng 0. Nếu khác 0: mở bảng Vi phạm để xem quy tắc, quốc gia và hệ thống liên quan.",
    ),
    c.NO_AGENT,
)
PERMITTED = Said(
    "overview-permitted",
    Text("Permitted", "Được phép"),
    Text(
        "Findings that a permit covers; they are debited to it. Whether a permit nears its end or its ceiling stands in Permits and thresholds.",
        "Phát hiện được giấy phép bao phủ và đã trừ vào giấy phép. Giấy phép sắp hết hạn hay sắp chạm giới hạn: xem bảng Giấy phép và ngưỡng.",
    ),
    c.NO_AGENT,
)
OPAQUE = Said(
    "overview-opaque",
    Text("Opaque", "Không đọc được"),
    Text(
        "The part of what left of which neither content nor a name could be read. What it was, nobody can tell. A high part means tunnels or protocols that hide: see Destinations.",
        "Tỷ lệ dữ liệu gửi ra mà cả nội dung lẫn tên đều không đọc được, nên không thể biết đó là gì. Tỷ lệ cao nghĩa là có đường hầm hoặc giao thức che giấu: xem bảng Nơi đến.",
    ),
    c.NOTHING_OUT,
)
COVERAGE = Said(
    "overview-coverage",
    Text("Coverage", "Mức độ quan sát"),
    Text(
        "The part of TCP bytes in flows that the agents saw, of what the other end acknowledged. Below 99 % packets are lost before they are counted, and all numbers on this page are too low: see Capture health.",
        "Tỷ lệ dung lượng TCP mà phần mềm giám sát nhìn thấy so với phần đầu kia đã xác nhận. Dưới 99 % nghĩa là gói tin bị mất trước khi đếm và mọi con số trên trang này đều thấp hơn thực tế: xem bảng Tình trạng thu bắt gói tin.",
    ),
    c.NO_TRAFFIC,
)
MAP = Said(
    "overview-map",
    Text("Bytes out by country", "Dung lượng gửi ra theo quốc gia"),
    Text(
        "The larger the disc, the more went there. Unknown destinations cannot stand on a map; they are in the table. Click a country to see what goes there. The map is loaded from Grafana itself and asks no server abroad.",
        "Vòng tròn càng lớn, dữ liệu gửi đến càng nhiều. Nơi đến chưa xác định không thể hiện trên bản đồ mà nằm trong bảng bên cạnh. Bấm vào quốc gia để xem chi tiết. Bản đồ lấy từ chính Grafana, không gọi máy chủ nào ở nước ngoài.",
    ),
    c.NOTHING_OUT,
)
TABLE = Said(
    "overview-table",
    Text("Countries", "Các quốc gia"),
    Text(
        "What each country got, and how many violations it was the destination of. Unknown (ZZ) is a destination like any other and is never counted as domestic. Click a country to open Destinations.",
        "Mỗi quốc gia nhận bao nhiêu và liên quan bao nhiêu vi phạm. Không xác định (ZZ) cũng là một nơi đến, không bao giờ tính là trong nước. Bấm vào quốc gia để mở bảng Nơi đến.",
    ),
    c.NOTHING_OUT,
)
CLASSES = Said(
    "overview-classes",
    Text("Violations by class of data", "Vi phạm theo loại dữ liệu"),
    Text(
        "Findings that no permit covers, over time, by the legal class of the rule. Core data must not show here. No legal class: security signs that cite no law.",
        "Phát hiện không có giấy phép theo thời gian, phân theo loại dữ liệu của quy tắc. Dữ liệu cốt lõi không được xuất hiện ở đây. Không thuộc loại nào: dấu hiệu an ninh, không viện dẫn luật.",
    ),
    c.NO_VIOLATIONS,
)
PERMITS = Said(
    "overview-permits",
    Text("Permitted, and not", "Được phép và không được phép"),
    Text(
        "All findings by what a permit made of them. Green is covered. All other colours are violations: no permit, over its ceiling, out of its time, or to a recipient it does not name.",
        "Mọi phát hiện theo kết luận về giấy phép. Màu xanh là được phép. Các màu khác đều là vi phạm: không có giấy phép, vượt giới hạn, ngoài thời hạn, hoặc bên nhận không có trong giấy phép.",
    ),
    c.NO_FINDINGS,
)
ITEMS = Said(
    "overview-items",
    Text("By legal item", "Theo mục của danh mục"),
    Text(
        "Violations by the item that the rule cites. A rule cites, a person decides: which item applies is not settled here. Empty item: the rule cites an article, or no law. Click a rule to see its violations.",
        "Vi phạm theo mục mà quy tắc viện dẫn. Quy tắc chỉ viện dẫn, con người quyết định: mục nào áp dụng không được quyết định tại đây. Ô mục trống: quy tắc viện dẫn một điều luật khác, hoặc không viện dẫn luật. Bấm vào quy tắc để xem vi phạm.",
    ),
    c.NO_VIOLATIONS,
)
TREND = Said(
    "overview-trend",
    Text("Bytes out over time", "Dung lượng gửi ra theo thời gian"),
    Text(
        "What leaves in a second, the ten countries that got most. A new colour or a step that stays is worth a look in Destinations.",
        "Dung lượng gửi ra mỗi giây đến mười quốc gia nhận nhiều nhất. Màu mới hoặc bậc tăng kéo dài cần được xem ở bảng Nơi đến.",
    ),
    c.NOTHING_OUT,
)
BANDS = Said(
    "overview-bands",
    Text("Persons against the bands", "Số người so với ngưỡng"),
    Text(
        "Persons sent abroad since 1 July 2025 against the number from which they are important, or core, data under Decision 20/2025/QĐ-TTg. Orange from 80 % on: prepare the dossier. Red from 100 % on: the band is entered. The count is an estimate; bounds stand in the table beside.",
        "Số người có dữ liệu đã chuyển ra nước ngoài từ 01/07/2025 so với ngưỡng dữ liệu quan trọng hoặc cốt lõi theo Quyết định 20/2025/QĐ-TTg. Màu cam từ 80 %: chuẩn bị hồ sơ. Màu đỏ từ 100 %: đã vào ngưỡng. Con số là ước lượng; khoảng sai số ở bảng bên cạnh.",
    ),
    c.NO_PERSONS,
)
PERSONS = Said(
    "overview-persons",
    Text("Persons sent abroad since 1 July 2025", "Số người có dữ liệu đã chuyển ra nước ngoài từ 01/07/2025"),
    Text(
        "Distinct persons by unit and kind of data, opening balance included; in 95 cases of 100 the number lies between the two bounds. Of several gateways the highest count is shown: counts of persons cannot be added up.",
        "Số người khác nhau theo đơn vị và loại dữ liệu, gồm cả số dư ban đầu; 95 trên 100 trường hợp con số nằm giữa hai cận. Nếu có nhiều cổng mạng, bảng lấy số lớn nhất vì không thể cộng các số đếm người.",
    ),
    c.NO_PERSONS,
)
INSPECTED = Said(
    "overview-inspected",
    Text("How much could be read", "Đọc được đến đâu"),
    Text(
        "What left, by how much of it could be read: content, a name only, or neither. Growing red means that less and less can be judged.",
        "Dữ liệu gửi ra theo mức đọc được: nội dung, chỉ tên, hoặc không gì cả. Phần đỏ tăng nghĩa là ngày càng ít dữ liệu có thể đánh giá.",
    ),
    c.NOTHING_OUT,
)
CORE_OPAQUE = Said(
    "overview-core-opaque",
    Text("Opaque part of what systems send", "Phần không đọc được do các hệ thống gửi"),
    Text(
        "The opaque part of what left from systems of the assets file, by the gravest class each is tagged with. Above the line for core data: find the system in Destinations and ask its owner what it sends.",
        "Phần không đọc được trong dữ liệu gửi ra từ các hệ thống trong tệp tài sản, theo loại nghiêm trọng nhất của hệ thống. Vượt đường ngưỡng đối với dữ liệu cốt lõi: tìm hệ thống ở bảng Nơi đến và hỏi bên chủ quản.",
    ),
    c.NO_SYSTEMS,
)
SEEN = Said(
    "overview-seen",
    Text("Coverage over time", "Mức độ quan sát theo thời gian"),
    Text(
        "The part of acknowledged TCP bytes that each gateway saw. Below the line the mirror port loses packets, or traffic takes another way: see Capture health. A lower bound; of UDP nobody can tell.",
        "Tỷ lệ dung lượng TCP đã xác nhận mà mỗi cổng mạng nhìn thấy. Dưới đường ngưỡng: cổng sao chép làm mất gói, hoặc lưu lượng đi đường khác: xem bảng Tình trạng thu bắt gói tin. Đây là cận dưới; với UDP không thể biết.",
    ),
    c.NO_TRAFFIC,
)
UNKNOWN = Said(
    "overview-unknown",
    Text("Unknown destinations", "Nơi đến không xác định"),
    Text(
        "The part of flows abroad whose country nobody knows. Above the line the country database is old, or somebody sends to addresses that are not registered: see Geography.",
        "Tỷ lệ luồng ra nước ngoài không xác định được quốc gia. Vượt đường ngưỡng: cơ sở dữ liệu quốc gia đã cũ, hoặc có dữ liệu gửi đến địa chỉ chưa đăng ký: xem bảng Địa lý.",
    ),
    c.NOTHING_OUT,
)
