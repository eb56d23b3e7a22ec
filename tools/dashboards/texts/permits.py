"""What the dashboard of permits and thresholds says."""

from __future__ import annotations

from tools.dashboards.text import Said, Text
from tools.dashboards.texts import columns as c

TITLE = Text("Permits and thresholds", "Giấy phép và ngưỡng")
ABOUT = Text(
    "How much of each permit is used, when it ends, and how many persons' data went abroad against the bands of the law.",
    "Mỗi giấy phép đã dùng bao nhiêu, khi nào hết hạn, và số người có dữ liệu chuyển ra nước ngoài so với ngưỡng của pháp luật.",
)
PERMITS = Text("Permits", "Giấy phép")
PERSONS_ROW = Text("Persons", "Số người")

USE = Said(
    "permits-use",
    Text("Used of each ceiling", "Đã dùng so với giới hạn"),
    Text(
        "The part of each ceiling that is used; of several gateways the largest. Orange from 80 %: ask for a new dossier in time. Over 100 % every further flow is a violation (over a ceiling): stop the transfer, or file anew.",
        "Phần đã dùng của mỗi giới hạn; nếu có nhiều cổng mạng thì lấy số lớn nhất. Màu cam từ 80 %: chuẩn bị hồ sơ mới kịp thời. Trên 100 %, mọi luồng tiếp theo đều là vi phạm (vượt giới hạn): dừng chuyển dữ liệu hoặc nộp hồ sơ mới.",
    ),
    c.NO_PERMITS,
)
EXPIRY = Said(
    "permits-expiry",
    Text("When permits end", "Thời hạn giấy phép"),
    Text(
        "Time left of each permit and what was debited to it, over all gateways. Orange: less than 30 days. Red: it has ended, and what goes on is a violation. Renew under the same id to keep the count.",
        "Thời gian còn lại và dung lượng đã trừ của mỗi giấy phép, cộng mọi cổng mạng. Màu cam: còn dưới 30 ngày. Màu đỏ: đã hết hạn, tiếp tục chuyển là vi phạm. Gia hạn dưới cùng mã để giữ số đã đếm.",
    ),
    c.NO_PERMITS,
)
USED = Said(
    "permits-used",
    Text("Bytes debited", "Dung lượng đã trừ"),
    Text(
        "Outward bytes debited to each permit so far, over all gateways; what went over a ceiling is in it. A steep line will reach its ceiling early.",
        "Dung lượng gửi ra đã trừ vào mỗi giấy phép, cộng mọi cổng mạng, gồm cả phần vượt giới hạn. Đường dốc nghĩa là sẽ sớm chạm giới hạn.",
    ),
    c.NO_PERMITS,
)
DECISIONS = Said(
    "permits-decisions",
    Text("Findings by decision", "Phát hiện theo kết luận"),
    Text(
        "What permits made of findings, as they opened. Everything but green is a violation; open Violations to see the rule and the country.",
        "Kết luận về giấy phép tại thời điểm phát hiện. Ngoài màu xanh đều là vi phạm; mở bảng Vi phạm để xem quy tắc và quốc gia.",
    ),
    c.NO_FINDINGS,
)
NEAREST = Said(
    "permits-nearest",
    Text("Use over time", "Mức dùng theo thời gian"),
    Text(
        "The part of each ceiling over time, against the share from which the alert warns. When a line will cross can be read off its slope.",
        "Phần đã dùng của mỗi giới hạn theo thời gian, so với mức cảnh báo. Độ dốc cho biết khi nào sẽ vượt.",
    ),
    c.NO_PERMITS,
)
PERSONS = Said(
    "permits-persons",
    Text("Persons by unit and kind of data", "Số người theo đơn vị và loại dữ liệu"),
    Text(
        "Distinct persons whose data went abroad since 1 July 2025, opening balance included, with the bounds of the estimate (95 in 100). If the upper bound is over a band and the number is not, prepare as if it were.",
        "Số người khác nhau có dữ liệu chuyển ra nước ngoài từ 01/07/2025, gồm số dư ban đầu, kèm khoảng sai số (95 trên 100). Nếu cận trên đã vượt ngưỡng dù con số chưa vượt, hãy chuẩn bị như đã vượt.",
    ),
    c.NO_PERSONS,
)
BANDS = Said(
    "permits-bands",
    Text("Into the bands", "So với ngưỡng"),
    Text(
        "Persons against the number from which their data are important, or core, under Decision 20/2025/QĐ-TTg. At 100 % the band is entered. No band is known for bank data, so none is shown.",
        "Số người so với ngưỡng dữ liệu quan trọng hoặc cốt lõi theo Quyết định 20/2025/QĐ-TTg. Đến 100 % là đã vào ngưỡng. Chưa biết ngưỡng của dữ liệu ngân hàng nên không hiển thị.",
    ),
    c.NO_PERSONS,
)
GROWTH = Said(
    "permits-growth",
    Text("Into the bands, over time", "So với ngưỡng theo thời gian"),
    Text(
        "The same over time, against the share from which the alert warns. The count never falls: it is cumulative by law (Decree 165/2025, Article 12(10)).",
        "Như trên theo thời gian, so với mức cảnh báo. Số đếm không bao giờ giảm: pháp luật tính cộng dồn (Nghị định 165/2025/NĐ-CP, Điều 12 khoản 10).",
    ),
    c.NO_PERSONS,
)
BY_COUNTRY = Said(
    "permits-by-country",
    Text("Persons by country", "Số người theo quốc gia"),
    Text(
        "Distinct persons sent to each country, as the agent counted them. Not to be added up: who went to two countries is in both. Click a country to see what goes there.",
        "Số người khác nhau có dữ liệu gửi đến từng quốc gia, theo phần mềm giám sát đếm. Không được cộng lại: người có dữ liệu gửi đến hai nước nằm ở cả hai. Bấm vào quốc gia để xem chi tiết.",
    ),
    c.NO_PERSONS,
)
OPENING = Said(
    "permits-opening",
    Text("Opening balances", "Số dư ban đầu"),
    Text(
        "What of the count the operator entered, for the time before the agent was there. Nobody knows who was in it, so a person may be counted twice.",
        "Phần do đơn vị nhập cho thời gian trước khi có phần mềm giám sát. Không biết trong đó gồm những ai, nên một người có thể bị đếm hai lần.",
    ),
    c.NO_PERSONS,
)
DURABLE = Said(
    "permits-durable",
    Text("Counts outlive the agent", "Số đếm được lưu bền vững"),
    Text(
        "Whether all chosen gateways keep their counts on disk (state.directory). No: a restart begins at zero, and the count is below what the law counts. Set state.directory.",
        "Mọi cổng mạng đã chọn có lưu số đếm trên đĩa (state.directory) hay không. Không: khởi động lại sẽ đếm từ 0, thấp hơn số pháp luật tính. Hãy đặt state.directory.",
    ),
    c.NO_AGENT,
)
FAILED = Said(
    "permits-failed",
    Text("State not written", "Trạng thái không ghi được"),
    Text(
        "Ticks in this range whose counts could not be written; they are held and tried again. More than 0: the disk is full or failing.",
        "Số chu kỳ trong khoảng này không ghi được trạng thái; dữ liệu được giữ lại và ghi lại sau. Lớn hơn 0: đĩa đầy hoặc hỏng.",
    ),
    c.NO_AGENT,
)
