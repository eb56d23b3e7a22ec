"""All the report says, in pairs: English, Vietnamese. Law is told as far as it is known, with its grade beside it."""

from __future__ import annotations

from crossborder.review.report.text import Text

# --- What things are called ------------------------------------------------------------------------------------------
CLASSES = {
    "core": Text("core data", "dữ liệu cốt lõi"),
    "important": Text("important data", "dữ liệu quan trọng"),
    "personal": Text("personal data", "dữ liệu cá nhân"),
    "other": Text("other data", "dữ liệu khác"),
    "none": Text("not classified", "chưa phân loại"),
}
KINDS = {
    "basic": Text("basic citizen data", "dữ liệu công dân cơ bản"),
    "sensitive": Text("sensitive citizen data", "dữ liệu công dân nhạy cảm"),
    "bank": Text("bank accounts, payments, debts", "tài khoản ngân hàng, thanh toán, công nợ"),
}
KINDS_SHORT = {
    "basic": Text("basic", "cơ bản"),
    "sensitive": Text("sensitive", "nhạy cảm"),
    "bank": Text("bank", "ngân hàng"),
}
GRADES = {
    "verbatim": Text("verbatim", "nguyên văn"),
    "ocr": Text("OCR", "OCR"),
    "secondary": Text("secondary", "thứ cấp"),
    "unverified": Text("unverified", "chưa kiểm chứng"),
}
DECISIONS = {
    "permitted": Text("covered by a permit", "được giấy phép bao phủ"),
    "overrun": Text("over a permit's ceiling", "vượt giới hạn của giấy phép"),
    "expired": Text("permit expired", "giấy phép hết hạn"),
    "not-yet-valid": Text("permit not yet valid", "giấy phép chưa có hiệu lực"),
    "new-recipient": Text("recipient not in the permit", "bên nhận ngoài giấy phép"),
    "violation": Text("no permit", "không có giấy phép"),
}
NO_DUTY = Text("not core, important or personal", "không phải dữ liệu cốt lõi, quan trọng, cá nhân")
CLOCKS = {
    "filed": Text("filed", "đã nộp"),
    "filed late": Text("filed late", "nộp muộn"),
    "named": Text("named, no day of filing", "có số hồ sơ, chưa ghi ngày nộp"),
    "due": Text("due", "chưa đến hạn"),
    "overdue": Text("overdue", "quá hạn"),
}
FORMS = {
    "a": Text("a) storage abroad", "a) lưu trữ ở nước ngoài"),
    "b": Text("b) recipient abroad", "b) bên nhận ở nước ngoài"),
    "c": Text("c) platform abroad", "c) nền tảng ở nước ngoài"),
    "unknown": Text("not known", "chưa rõ"),
}
UNKNOWN_COUNTRY = Text("Unknown", "Chưa rõ nước")
UNNAMED = Text("no system named", "chưa khai báo hệ thống")
NO_UNIT = Text("no unit named", "chưa khai báo đơn vị")
OTHERS = Text("{} others", "{} nơi khác")
AND = Text(" and ", " và ")
REST = Text("elsewhere", "nơi khác")

# --- Page 1 ----------------------------------------------------------------------------------------------------------
TITLE = Text("Cross-border data transfers", "Chuyển dữ liệu xuyên biên giới")
KIND = Text("Report on the record of network flows", "Báo cáo theo nhật ký luồng mạng")
PERIOD = Text("{} to {} (Viet Nam time)", "{} đến {} (giờ Việt Nam)")
GATEWAYS = Text("Gateways", "Cổng mạng")
UNIT = Text("Unit", "Đơn vị")
RULES_HASH = Text("Rule set", "Bộ quy tắc")
NOT_JUDGEMENT = Text(
    "What systems hold is what the assets file says, or what detectors found. A rule cites; a person decides.",
    "Loại dữ liệu theo tệp khai báo tài sản hoặc do bộ dò phát hiện. Quy tắc chỉ viện dẫn; con người quyết định.",
)
DAMAGED = Text(
    "Damaged files of the history: {}. What they held is missing from every figure below.",
    "Tệp nhật ký bị hỏng: {}. Mọi con số dưới đây đều thiếu phần trong các tệp đó.",
)
DAMAGED_MORE = Text("and {} more, in the annex", "và {} tệp nữa, xem phụ lục")
NOTHING = Text(
    "The record holds no crossing of this time: nothing left the country, or nobody recorded it.",
    "Nhật ký không có luồng nào ra nước ngoài trong kỳ: không có gì được chuyển, hoặc không ai ghi lại.",
)
FIGURES = (
    Text("left the country", "đã ra nước ngoài"),
    Text("from core-data systems", "từ hệ thống có dữ liệu cốt lõi"),
    Text("from important-data systems", "từ hệ thống có dữ liệu quan trọng"),
    Text("countries", "quốc gia, vùng lãnh thổ"),
    Text("of transfers without a valid permit", "hoạt động chuyển không có giấy phép hợp lệ"),
)
FROM_SYSTEMS = {
    "core": Text("from core-data systems", "từ hệ thống có dữ liệu cốt lõi"),
    "important": Text("from important-data systems", "từ hệ thống có dữ liệu quan trọng"),
}
WHERE_ALL = Text("All bytes {} went to {}", "Toàn bộ dữ liệu gửi ra {} đến {}")
WHERE = Text("{} of the bytes {} went to {}", "{} dữ liệu gửi ra {} đến {}")
WHERE_NONE = Text(
    "No core or important data is known to have left", "Chưa ghi nhận dữ liệu cốt lõi, quan trọng ra nước ngoài"
)
MAP_NOTE = Text(
    "Discs: outward bytes of all classes. Land at 1:110,000,000 without borders (Natural Earth); small islands are not drawn.",
    "Hình tròn: dữ liệu gửi ra, mọi loại. Đất liền tỷ lệ 1:110.000.000, không vẽ biên giới (Natural Earth); không vẽ đảo nhỏ.",
)
WHERE_TO = Text("Where it all went", "Nơi đến của toàn bộ dữ liệu gửi ra")
COUNTRY = Text("Country or territory", "Quốc gia, vùng lãnh thổ")
OUT = Text("Out", "Gửi ra")
SHARE = Text("Share", "Tỷ lệ")
GRAVE_OUT = Text("Core, important", "Cốt lõi, quan trọng")

UNSEEN = Text("{} of what left could not be read", "{} dữ liệu gửi ra không đọc được")
UNSEEN_NONE = Text("What the record could not see", "Những gì nhật ký không thấy được")
OPAQUE = Text("Neither content nor names readable", "Không đọc được nội dung lẫn tên")
NAMES_ONLY = Text("Names readable, content not", "Đọc được tên, không đọc được nội dung")
CLEAR = Text("Sent in the clear", "Gửi không mã hóa")
MISSED = Text("TCP bytes acknowledged and never seen", "Byte TCP đã xác nhận mà không nhìn thấy")
LOST = Text("Packets lost at capture", "Gói tin mất khi thu bắt")
LOST_TOLD = Text("not in the flow history; see metrics", "không có trong nhật ký; xem chỉ số giám sát")
SILENT = Text("Hours not recorded", "Số giờ không được ghi")
SILENT_TOLD = Text("{} of {}", "{} trên {}")
DAMAGED_FILES = Text("Damaged or missing files", "Tệp hỏng hoặc bị mất")
NOWHERE = Text("To an unknown country", "Đến nước chưa xác định")
ANYCAST = Text("Country uncertain (anycast)", "Nước không chắc chắn (anycast)")
UNTAGGED = Text("From systems nobody has classified", "Từ hệ thống chưa phân loại")
AGE = Text("Country database, age at the end of the period", "Cơ sở dữ liệu quốc gia, tuổi vào cuối kỳ")
BUILT_AFTER = Text("built after it", "lập sau kỳ")
DAYS = Text("{} days", "{} ngày")
NO_DATABASE = Text("none answered", "không có")

# --- Page 2 ----------------------------------------------------------------------------------------------------------
STREAMS = Text("{} sends most: {} of core and important data", "{} chuyển nhiều nhất: {} dữ liệu cốt lõi, quan trọng")
STREAMS_NONE = Text("Who sent what, where to", "Ai chuyển gì, đến đâu")
SENDER, CLASS, DESTINATION = (
    Text("Sender", "Bên chuyển"),
    Text("Class of data", "Loại dữ liệu"),
    Text("Country", "Nơi đến"),
)
TREND = Text("Most left on {}: {}", "Ra nhiều nhất: {}, {}")
TREND_NONE = Text("Over time", "Theo thời gian")
BUCKETS = {
    "hour": Text("by hour", "theo giờ"),
    "day": Text("by day", "theo ngày"),
    "month": Text("by month", "theo tháng"),
}
PERMITS = Text(
    "{} of {} transfers of data under duty have no valid permit",
    "{} trên {} hoạt động chuyển phải có căn cứ không có giấy phép hợp lệ",
)
PERMITS_ALL = Text(
    "A permit covers all {} transfers of data under duty", "Cả {} hoạt động chuyển phải có căn cứ đều có giấy phép"
)
PERMITS_NONE = Text("No transfer of data under duty", "Không có hoạt động chuyển phải có căn cứ")
DECISION, TRANSFERS, BYTES = (
    Text("By what right", "Căn cứ"),
    Text("Transfers", "Hoạt động chuyển"),
    Text("Bytes", "Dung lượng"),
)
PERSONS_IN = Text("{} counts of persons have entered a band", "{} số đếm người đã vào ngưỡng")
PERSONS_OUT = Text("No count of persons has entered a known band", "Chưa số đếm người nào vào ngưỡng đã biết")
PERSONS_NONE = Text("No count of persons was kept", "Không lưu số đếm người")
PERSONS_NOTE = Text(
    "Vietnamese citizens, cumulative since 1 July 2025 (Decree 165/2025, Article 12(10), verbatim), as the state file stands. "
    "Bands of Decision 20/2025: {}.",
    "Công dân Việt Nam, lũy kế từ 01/07/2025 (NĐ 165/2025, Điều 12(10), nguyên văn), theo tệp trạng thái hiện có. "
    "Ngưỡng theo QĐ 20/2025: {}.",
)
BAND = Text("{1}: {0} from {2} ({3})", "{1}: {0} từ {2} ({3})")
BAND_UNKNOWN = Text("{}: bound not known", "{}: chưa biết ngưỡng")
KIND_OF, PERSONS, WITHIN, NEXT = (
    Text("Kind", "Loại"),
    Text("Persons", "Số người"),
    Text("95 % within", "Khoảng 95 %"),
    Text("Band", "Ngưỡng"),
)
IN_BAND = Text("in: {}", "đã vào: {}")
OF_NEXT = Text("{} of {}", "{} của {}")
NO_BAND = Text("no band known", "chưa biết ngưỡng")
RECIPIENTS = Text("{} took most: {} of core and important data", "{} nhận nhiều nhất: {} dữ liệu cốt lõi, quan trọng")
RECIPIENTS_NONE = Text("Who received most", "Bên nhận nhiều nhất")
RECIPIENT, SYSTEM, OPAQUE_SHORT = (
    Text("Recipient", "Bên nhận"),
    Text("System", "Hệ thống"),
    Text("Opaque", "Không đọc được"),
)
MORE = Text("and {} more in the register", "và {} mục nữa trong sổ đăng ký")

# --- Register ---------------------------------------------------------------------------------------------------------
REGISTER = Text("Register of transfers", "Sổ đăng ký hoạt động chuyển")
REGISTER_TOLD = Text(
    "One line for each sender, kind of data, recipient, country and form; a flow of several kinds of data is in several lines. The gravest first.",
    "Mỗi dòng là một bên chuyển, loại dữ liệu, bên nhận, quốc gia và hình thức; luồng có nhiều loại dữ liệu nằm ở nhiều dòng. Nặng nhất xếp trước.",
)
REGISTER_MORE = Text(
    "The first {} of {} transfers. All of them: crossborder register transfers --from {} --to {} --format csv",
    "{} dòng đầu trong {} hoạt động chuyển. Toàn bộ: crossborder register transfers --from {} --to {} --format csv",
)
REGISTER_NONE = Text(
    "No transfer of core or important data was recorded.",
    "Không ghi nhận hoạt động chuyển dữ liệu cốt lõi, quan trọng nào.",
)
FORM, SEEN, DUTY = Text("Form", "Hình thức"), Text("Seen", "Thời gian"), Text("Duty", "Nghĩa vụ")
FORM_NOTE = Text(
    "Form: Law 91/2025/QH15, Article 20(1) a, b, c (verbatim). Persons: distinct, recognised in the period, an estimate with 95 % bounds in brackets.",
    "Hình thức: Luật 91/2025/QH15, Điều 20(1) a, b, c (nguyên văn). Số người: khác nhau, nhận ra trong kỳ, ước lượng kèm khoảng 95 % trong ngoặc.",
)
DUE = Text("due {}", "hạn {}")

# --- Annex ------------------------------------------------------------------------------------------------------------
ANNEX = Text("Annex", "Phụ lục")
DIAGRAMS = Text("Data-flow diagrams", "Sơ đồ luồng dữ liệu")
DIAGRAMS_TOLD = Text(
    "For each system, from what was observed. The dossier on personal data asks for such a diagram: Decree 356/2025, Article 18(3)(c) (verbatim). As files: --diagrams FOLDER.",
    "Cho từng hệ thống, theo những gì quan sát được. Hồ sơ dữ liệu cá nhân phải có sơ đồ này: NĐ 356/2025, Điều 18(3)(c) (nguyên văn). Xuất thành tệp: --diagrams THƯ_MỤC.",
)
DIAGRAMS_MORE = Text(
    "The {} largest of {} systems; --diagrams writes them all.", "{} hệ thống lớn nhất trong {}; --diagrams ghi tất cả."
)
HOLDS = Text("System holds", "Hệ thống chứa")
HOLDS_NOTHING = Text("nothing declared", "chưa khai báo")
OWNER = Text("Responsible: {}", "Phụ trách: {}")
DIAGRAM_NOTE = Text("{} out in {} flows to {} recipients; {} opaque", "{} ra, {} luồng, {} bên nhận; {} không đọc được")
COVERAGE = Text("What was recorded", "Phạm vi ghi nhận")
COVERAGE_TOLD = Text(
    "An hour without record is one of which nothing says that an agent was recording. Hours are taken whole.",
    "Giờ không có bản ghi là giờ không có gì cho thấy phần mềm giám sát đã ghi. Mỗi giờ được tính trọn.",
)
FLOWS_SMALL = Text("flows", "luồng")
AGE_SHORT = Text("Age", "Tuổi")
GATEWAY, FLOWS, HOURS = Text("Gateway", "Cổng mạng"), Text("Flows", "Luồng"), Text("Hours", "Số giờ")
DATABASES = Text("Country databases", "Cơ sở dữ liệu quốc gia")
DATABASE, BUILT, ANSWERED = (
    Text("Database", "Cơ sở dữ liệu"),
    Text("Built", "Ngày lập"),
    Text("Answered for", "Đã trả lời"),
)
CATALOG = Text(
    "The list of Decision 20/2025/QĐ-TTg, and what looks for it", "Danh mục theo QĐ 20/2025/QĐ-TTg và quy tắc tương ứng"
)
CATALOG_TOLD = Text(
    "Not every entry is known, and none has been read verbatim. Of an entry that is not known nothing is claimed.",
    "Chưa biết đủ các mục và chưa mục nào đọc được nguyên văn. Mục chưa biết thì không khẳng định gì. (*) Tên mục dịch ngược từ nguồn thứ cấp, không phải nguyên văn.",
)
ITEM, EVIDENCE, WHAT, RULES = (
    Text("Item", "Mục"),
    Text("Evidence", "Căn cứ"),
    Text("What it is", "Nội dung"),
    Text("Rules", "Quy tắc"),
)
DETECTORS, SYSTEMS = Text("Detectors", "Bộ dò"), Text("Systems", "Hệ thống")
NOT_KNOWN = Text("wording not known", "chưa biết nội dung")
MISSING = Text(
    "at least {} of {} other lines: number and wording not known",
    "ít nhất {} trong {} dòng khác: chưa biết số mục và nội dung",
)
LAW = Text("Law this report rests on", "Căn cứ pháp lý của báo cáo")
LAW_TOLD = Text(
    "As far as it was read; the grade says how. Not legal advice.",
    "Trong phạm vi đã đọc được, kèm mức độ kiểm chứng. Không phải tư vấn pháp lý.",
)
LAWS = (
    (
        Text("Law 91/2025/QH15, Article 20(1)", "Luật 91/2025/QH15, Điều 20(1)"),
        Text(
            "three forms of cross-border transfer of personal data",
            "ba hình thức chuyển dữ liệu cá nhân xuyên biên giới",
        ),
        "verbatim",
    ),
    (
        Text("Law 91/2025/QH15, Article 20(2)", "Luật 91/2025/QH15, Điều 20(2)"),
        Text("dossier within 60 days of the first transfer", "hồ sơ trong 60 ngày từ lần chuyển đầu tiên"),
        "verbatim",
    ),
    (
        Text("Decree 356/2025, Article 18(3)(c)", "NĐ 356/2025, Điều 18(3)(c)"),
        Text("the dossier holds a diagram of the flow of personal data", "hồ sơ có sơ đồ luồng xử lý dữ liệu cá nhân"),
        "verbatim",
    ),
    (
        Text("Decree 356/2025, Article 42(3)", "NĐ 356/2025, Điều 42(3)"),
        Text(
            "core and important data that are personal data go the way of personal data",
            "dữ liệu cốt lõi, quan trọng là dữ liệu cá nhân thì theo quy định về dữ liệu cá nhân",
        ),
        "verbatim",
    ),
    (
        Text("Decree 165/2025, Article 12(5)", "NĐ 165/2025, Điều 12(5)"),
        Text(
            "core data: transfer only after the assessment is passed",
            "dữ liệu cốt lõi: chỉ chuyển sau khi đánh giá đạt",
        ),
        "verbatim",
    ),
    (
        Text("Decree 165/2025, Article 12(6)", "NĐ 165/2025, Điều 12(6)"),
        Text(
            "important data: dossier sent 15 days before processing starts",
            "dữ liệu quan trọng: gửi hồ sơ 15 ngày trước khi bắt đầu xử lý",
        ),
        "verbatim",
    ),
    (
        Text("Decree 165/2025, Article 12(10)", "NĐ 165/2025, Điều 12(10)"),
        Text("quantities are cumulative from 1 July 2025", "số lượng tính lũy kế từ 01/07/2025"),
        "verbatim",
    ),
    (
        Text("Decision 20/2025/QĐ-TTg, annex", "QĐ 20/2025/QĐ-TTg, phụ lục"),
        Text("26 core items, 43 important ones in all", "26 mục cốt lõi, tổng cộng 43 loại quan trọng"),
        "secondary",
    ),
)
LEFT_OUT = Text("Damaged files", "Tệp bị hỏng")
LEFT_OUT_MORE = Text("and {} more: crossborder history check", "và {} tệp nữa: crossborder history check")
METHOD = Text("How to read this", "Cách đọc")
METHODS = (
    Text(
        "Bytes are outward IP bytes, headers included, decimal units. Flows are those that began in the period.",
        "Dung lượng là byte IP chiều ra, gồm cả phần đầu gói, đơn vị thập phân. Luồng là các luồng bắt đầu trong kỳ.",
    ),
    Text(
        "Class: the gravest of what the sending system holds by the assets file and of what detectors found leaving. How much of a flow is such data nobody can tell.",
        "Loại: mức nặng nhất trong dữ liệu mà hệ thống gửi chứa theo khai báo và dữ liệu bộ dò phát hiện khi gửi. Không thể biết bao nhiêu phần của luồng là dữ liệu đó.",
    ),
    Text(
        "Recipient: the operator of the foreign network, else the server's name, else the network.",
        "Bên nhận: đơn vị khai thác mạng nước ngoài, nếu không có thì tên máy chủ, nếu không thì dải mạng.",
    ),
    Text(
        "Rules, permits, assets and counts of persons are those of the configuration when the report was made.",
        "Quy tắc, giấy phép, tài sản và số đếm người lấy theo cấu hình khi lập báo cáo.",
    ),
)
RULES_IN_FORCE = Text("{} rules in force, SHA-256 {}", "{} quy tắc có hiệu lực, SHA-256 {}")
MADE_BY = Text("Crossborder {} · record until {}", "Crossborder {} · nhật ký đến {}")
