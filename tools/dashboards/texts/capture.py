"""What the dashboard of capture says."""

from __future__ import annotations

from tools.dashboards.text import Said, Text
from tools.dashboards.texts import columns as c

TITLE = Text("Capture health", "Tình trạng thu bắt gói tin")
ABOUT = Text(
    "Whether the agents see everything: packets received, dropped and why, how far behind, what was left out, and whether the books balance.",
    "Tác tử có nhìn thấy đầy đủ không: gói tin nhận được, bị loại và vì sao, độ trễ, phần bị bỏ qua, và sổ sách có cân không.",
)
SUMMARY = Text("Now", "Hiện tại")
PACKETS = Text("Packets", "Gói tin")
LOAD = Text("Load", "Tải")
OUTPUT = Text("What is written", "Đầu ra")
RECORD = Text("The record", "Hồ sơ lưu trữ")

BALANCE = Said(
    "capture-balance",
    Text("Books balance", "Sổ sách cân đối"),
    Text(
        "Packets received less those in flows, domestic and dropped, over all interfaces. Must be 0, always. Anything else is a fault of the agent: report it with the version and the engine.",
        "Số gói tin nhận được trừ số gói trong luồng, trong nước và bị loại, trên mọi giao diện. Phải luôn bằng 0. Khác 0 là lỗi của phần mềm giám sát: báo lỗi kèm phiên bản và bộ máy đọc.",
    ),
    c.NO_AGENT,
)
UP = Said(
    "capture-up",
    Text("Interfaces down", "Giao diện ngừng"),
    Text(
        "Interfaces on which no frame can come. More than 0: check cable, mirror session and driver of the interface in the log.",
        "Số giao diện không thể nhận khung tin. Lớn hơn 0: kiểm tra cáp, phiên sao chép cổng và trình điều khiển theo nhật ký.",
    ),
    c.NO_AGENT,
)
LAG = Said(
    "capture-lag",
    Text("Lag", "Độ trễ"),
    Text(
        "How far the slowest engine is behind the wire. Over 5 seconds it has too much to do: more workers, or a filter.",
        "Bộ máy chậm nhất chậm bao lâu so với đường truyền. Trên 5 giây là quá tải: tăng số luồng xử lý hoặc thêm bộ lọc.",
    ),
    c.NO_AGENT,
)
LOSS = Said(
    "capture-loss",
    Text("Packets lost", "Tỷ lệ mất gói"),
    Text(
        "Packets that kernel or ring had no room for, of all received in this range. Over 0.1 % what is lost is missing from every number: more workers or a larger ring.",
        "Tỷ lệ gói tin mà nhân hệ điều hành hoặc vòng đệm không còn chỗ chứa. Trên 0,1 %, phần mất thiếu trong mọi con số: tăng số luồng xử lý hoặc vòng đệm.",
    ),
    c.NO_TRAFFIC,
)
SEEN = Said(
    "capture-seen",
    Text("Coverage", "Mức độ quan sát"),
    Text(
        "TCP bytes seen, of those the other end acknowledged. Below 99 %: the mirror port loses packets, or traffic takes another way. The agent cannot cure it; the network can.",
        "Dung lượng TCP nhìn thấy so với phần đầu kia đã xác nhận. Dưới 99 %: cổng sao chép làm mất gói, hoặc lưu lượng đi đường khác. Tác tử không khắc phục được; phải sửa ở mạng.",
    ),
    c.NO_TRAFFIC,
)
SHED = Said(
    "capture-shed-now",
    Text("Work being left out", "Việc đang bị bỏ qua"),
    Text(
        "How many kinds of work an agent leaves out just now, the worst gateway. 0 is well; counts of packets are never left out, contents and names are.",
        "Số loại việc phần mềm giám sát đang bỏ qua, tính theo cổng mạng nặng nhất. 0 là tốt; việc đếm gói tin không bao giờ bị bỏ, nội dung và tên thì có thể.",
    ),
    c.NO_AGENT,
)
RECEIVED = Said(
    "capture-received",
    Text("Packets received", "Gói tin nhận được"),
    Text(
        "Packets a second by gateway and interface, those the kernel dropped included. A line that falls to nothing: interface or mirror is gone.",
        "Số gói tin mỗi giây theo cổng mạng và giao diện, gồm cả gói bị nhân hệ điều hành loại. Đường rơi về 0: mất giao diện hoặc mất phiên sao chép.",
    ),
    c.NO_TRAFFIC,
)
BITS = Said(
    "capture-bits",
    Text("Bits received", "Tốc độ nhận"),
    Text(
        "Bits a second as long as the frames were on the wire. Compare with the speed of the link.",
        "Số bit mỗi giây theo độ dài khung tin trên đường truyền. So với tốc độ của liên kết.",
    ),
    c.NO_TRAFFIC,
)
DROPPED = Said(
    "capture-dropped",
    Text("Dropped, by reason", "Bị loại, theo lý do"),
    Text(
        "Packets left out of the flows. Kernel and ring are losses: see docs/OPERATIONS.md. Not IP is ordinary. The rest are damaged packets, or attacks.",
        "Gói tin không đưa vào luồng. Nhân hệ điều hành và vòng đệm là mất thật: xem docs/OPERATIONS.md. Không phải IP là bình thường. Còn lại là gói hỏng hoặc tấn công.",
    ),
    c.NONE_LOST,
)
LOST = Said(
    "capture-lost",
    Text("Loss over time", "Mất gói theo thời gian"),
    Text(
        "The part of packets that kernel or ring lost, by gateway. Above the line the alert fires.",
        "Tỷ lệ gói tin bị mất do nhân hệ điều hành hoặc vòng đệm, theo cổng mạng. Vượt đường ngưỡng sẽ có cảnh báo.",
    ),
    c.NO_TRAFFIC,
)
COVERAGE = Said(
    "capture-coverage",
    Text("Coverage over time", "Mức độ quan sát theo thời gian"),
    Text(
        "TCP bytes seen of those acknowledged, by interface. Below the line the alert fires: look for lost mirror packets and asymmetric routes.",
        "Tỷ lệ dung lượng TCP nhìn thấy, theo giao diện. Dưới đường ngưỡng sẽ có cảnh báo: tìm gói sao chép bị mất và tuyến không đối xứng.",
    ),
    c.NO_TRAFFIC,
)
MIX = Said(
    "capture-mix",
    Text("Where packets went", "Gói tin được đưa vào đâu"),
    Text(
        "Received packets by what became of them: in flows that are reported, domestic, or dropped. Together they are all that was received.",
        "Gói tin nhận được theo kết quả: vào luồng được báo cáo, trong nước, hoặc bị loại. Tổng bằng số đã nhận.",
    ),
    c.NO_TRAFFIC,
)
INSPECTION = Said(
    "capture-inspection",
    Text("How much could be read", "Đọc được đến đâu"),
    Text(
        "What leaves by how much of it could be read. If content falls and shedding rises at the same time, it is load and not encryption.",
        "Dữ liệu gửi ra theo mức đọc được. Nếu nội dung đọc được giảm cùng lúc phần bị bỏ qua tăng thì do tải, không phải do mã hóa.",
    ),
    c.NOTHING_OUT,
)
LAGS = Said(
    "capture-lags",
    Text("Lag over time", "Độ trễ theo thời gian"),
    Text(
        "Seconds each engine is behind the wire. Above the line the alert fires.",
        "Số giây mỗi bộ máy chậm so với đường truyền. Vượt đường ngưỡng sẽ có cảnh báo.",
    ),
    c.NO_AGENT,
)
SHEDDING = Said(
    "capture-shedding",
    Text("Flows that lost something to load", "Luồng bị bỏ bớt do tải"),
    Text(
        "Flows a second of which content or names were left out under load. Rules about content and names cannot find these. More workers, or fewer interfaces.",
        "Số luồng mỗi giây bị bỏ qua nội dung hoặc tên do quá tải. Quy tắc về nội dung và tên không thể phát hiện các luồng này. Tăng số luồng xử lý hoặc bớt giao diện.",
    ),
    c.NONE_LOST,
)
LIMITED = Said(
    "capture-limited",
    Text("Content not looked at wholly", "Nội dung không được đọc hết"),
    Text(
        "Flows a second of which detectors were shown only a part, by which limit of content.* it was. Raise the limit if memory allows.",
        "Số luồng mỗi giây mà bộ dò chỉ xem một phần, theo giới hạn content.* nào. Nâng giới hạn nếu còn bộ nhớ.",
    ),
    c.NONE_LOST,
)
FLOWS = Said(
    "capture-flows",
    Text("Flows in the table", "Luồng trong bảng"),
    Text(
        "Flows held after the last tick. Near capture.flow.max_flows flows are evicted: see beside.",
        "Số luồng đang giữ sau chu kỳ gần nhất. Gần capture.flow.max_flows sẽ có luồng bị loại: xem bên cạnh.",
    ),
    c.NO_AGENT,
)
ENDED = Said(
    "capture-ended",
    Text("Flows that ended, by reason", "Luồng kết thúc, theo lý do"),
    Text(
        "Reported flows that ended in a second. Evicted must be 0: the table is too small, or somebody floods it.",
        "Số luồng báo cáo kết thúc mỗi giây. Luồng bị loại phải bằng 0: nếu không, bảng quá nhỏ hoặc đang bị làm tràn.",
    ),
    c.NO_TRAFFIC,
)
STAGES = Said(
    "capture-stages",
    Text("Time of a tick, by stage", "Thời gian mỗi chu kỳ, theo giai đoạn"),
    Text(
        "99 in 100 batches spend less than this in each stage. The sum must stay below the tick (capture.tick, 10 s unless set): if not, findings come late and lag grows.",
        "99 trên 100 lô mất ít hơn chừng này ở mỗi giai đoạn. Tổng phải nhỏ hơn chu kỳ (capture.tick, mặc định 10 giây): nếu không, phát hiện chậm và độ trễ tăng.",
    ),
    c.NO_AGENT,
)
BUSY = Said(
    "capture-busy",
    Text("Part of the time a tick takes", "Tỷ lệ thời gian xử lý"),
    Text(
        "Seconds of work in each second, engine apart. Near 1 there is no room left: fewer rules, or another gateway.",
        "Số giây làm việc trong mỗi giây, không kể bộ máy đọc gói. Gần 1 là không còn dư: bớt quy tắc hoặc thêm cổng mạng.",
    ),
    c.NO_AGENT,
)
MEMORY = Said(
    "capture-memory",
    Text("Memory", "Bộ nhớ"),
    Text(
        "Resident memory of each agent. It grows with flows up to the limit and then stays; steady growth beyond is a fault to report.",
        "Bộ nhớ thường trú của mỗi phần mềm giám sát. Tăng theo số luồng đến giới hạn rồi dừng; tiếp tục tăng đều là lỗi cần báo.",
    ),
    c.NO_AGENT,
)
CPU = Said(
    "capture-cpu",
    Text("Processor", "Bộ xử lý"),
    Text(
        "Cores in use by each agent. All cores it may use, for long: it is at its end, and work will be left out.",
        "Số nhân bộ xử lý mỗi phần mềm giám sát đang dùng. Dùng hết trong thời gian dài: đã tới hạn và sẽ bỏ bớt việc.",
    ),
    c.NO_AGENT,
)
EVENTS = Said(
    "capture-events",
    Text("Events", "Sự kiện"),
    Text(
        "Events written, held back and given up, in a second. Lost events are gone from the record: free the disk, and look in the log.",
        "Sự kiện đã ghi, bị giữ lại và bị mất, mỗi giây. Sự kiện mất không còn trong hồ sơ: giải phóng đĩa và xem nhật ký.",
    ),
    c.NO_AGENT,
)
SERIES = Said(
    "capture-series",
    Text("Updates folded at the cap of series", "Cập nhật bị gộp do hết hạn mức chuỗi"),
    Text(
        "Updates a second whose labels became `other`, because a metric has reached metrics.max_series. Countries are then told no more one by one: raise the cap, or look who floods it.",
        "Số cập nhật mỗi giây có nhãn bị gộp thành `other` vì số liệu đã chạm metrics.max_series. Khi đó không còn phân biệt từng quốc gia: nâng hạn mức hoặc tìm nguồn làm tràn.",
    ),
    c.NONE_LOST,
)
FAULTS = Said(
    "capture-faults",
    Text("Faults in this range", "Lỗi trong khoảng này"),
    Text(
        "Readers of content that failed and sinks that did not take a batch. Should be 0: the log tells which, and it is a fault to report.",
        "Số lần bộ đọc nội dung lỗi và số lô không công bố được. Nên bằng 0: nhật ký cho biết chi tiết, và đây là lỗi cần báo.",
    ),
    c.NO_AGENT,
)
TRANSIT = Said(
    "capture-transit",
    Text("Transit", "Quá cảnh"),
    Text(
        "Bytes a second with neither end at home. Much of it: home.networks lacks networks of yours, and their data are not watched.",
        "Dung lượng mỗi giây mà cả hai đầu đều ngoài mạng của đơn vị. Nếu nhiều: home.networks thiếu mạng của đơn vị, dữ liệu của mạng đó không được theo dõi.",
    ),
    c.NONE_LOST,
)
ROWS = Said(
    "capture-rows",
    Text("Flow history: rows", "Lịch sử luồng: số dòng"),
    Text(
        "Rows a second written into hours of the flow history, and given up because too many waited. What is given up is missing in registers and reports.",
        "Số dòng mỗi giây được ghi vào lịch sử luồng, và số dòng bị bỏ vì chờ quá nhiều. Phần bị bỏ sẽ thiếu trong sổ đăng ký và báo cáo.",
    ),
    c.NO_HISTORY,
)
WAITING = Said(
    "capture-rows-waiting",
    Text("Rows that wait", "Số dòng đang chờ"),
    Text(
        "Rows of hours that are not over; they are on disk in the write-ahead segment. Past a million, rows are given up.",
        "Số dòng của các giờ chưa kết thúc; đã nằm trên đĩa trong đoạn ghi trước. Quá một triệu dòng thì phần dư bị bỏ.",
    ),
    c.NO_HISTORY,
)
ROOM = Said(
    "capture-room",
    Text("Room before the history stops", "Dung lượng còn lại trước khi lịch sử dừng"),
    Text(
        "What is free on its disk less history.reserve, which is the event log's: the history stops first, events last.",
        "Dung lượng trống trên đĩa trừ history.reserve dành cho nhật ký sự kiện: lịch sử dừng trước, nhật ký sự kiện dừng sau cùng.",
    ),
    c.NO_HISTORY,
)
KEPT = Said(
    "capture-kept",
    Text("Flow history: size", "Lịch sử luồng: dung lượng"),
    Text(
        "All hours that are kept, in the object store too. The oldest go by history.size and history.keep, held ones never.",
        "Toàn bộ các giờ được lưu, kể cả trong kho đối tượng. Giờ cũ nhất bị xóa theo history.size và history.keep; phần bị niêm giữ thì không.",
    ),
    c.NO_HISTORY,
)
MISHAPS = Said(
    "capture-mishaps",
    Text("Faults of the history in this range", "Lỗi của lịch sử trong khoảng này"),
    Text(
        "Batches not written, ends torn, files damaged, rounds the object store did not take. Should be 0: the log tells which.",
        "Số lô không ghi được, đoạn cuối bị đứt, tệp hỏng, lượt kho đối tượng không nhận. Nên bằng 0: nhật ký cho biết chi tiết.",
    ),
    c.NO_HISTORY,
)
NUMBER = Said(
    "capture-number",
    Text("Number of the newest event", "Số thứ tự sự kiện mới nhất"),
    Text(
        "Numbers only grow, over restarts and rotation. One that goes back: the log was replaced, or its end was cut.",
        "Số thứ tự chỉ tăng, kể cả khi khởi động lại và xoay vòng tệp. Nếu lùi lại: nhật ký đã bị thay thế hoặc bị cắt phần cuối.",
    ),
    c.NO_AGENT,
)

IN_FLOWS = Text("In flows", "Trong luồng")
DOMESTIC = Text("Domestic", "Trong nước")
DROPS = Text("Dropped", "Bị loại")
WRITTEN = Text("Written", "Đã ghi")
HELD = Text("Held back", "Giữ lại")
GIVEN_UP = Text("Lost", "Bị mất")
