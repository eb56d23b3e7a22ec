"""Sentences about identifiers, secrets and health that hold none: laws, news, forms not filled in, advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.detectors import people
from tools.detectors.digits import number, some
from tools.detectors.writing import label

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

LEVELS: Final = (
    "Bí mật nhà nước được phân loại thành 03 độ mật: Tuyệt mật, Tối mật, Mật.",
    "Điều {n}. Độ mật của tài liệu do người có thẩm quyền quyết định; Mật là mức thấp nhất.",
    "Tài liệu độ “Mật” được lưu giữ riêng, khoản {n} quy định.",
    "BẢO MẬT THÔNG TIN\nĐiều {n}",
    "MẬT KHẨU\n{n} ký tự trở lên",
    "Dấu “TUYỆT MẬT”, “TỐI MẬT”, “MẬT” có khung viền, in đỏ, theo Mẫu số {n}.",
    "MẬT ONG RỪNG\nGiá {n}.000 đ",
    "Phim TỐI MẬT chiếu lúc {n} giờ",
    "căn cứ Luật Bảo vệ bí mật nhà nước, tài liệu có độ TUYỆT MẬT phải nộp trong {n} ngày",
    "Giải mật sau {n} năm đối với bí mật nhà nước độ Mật; 20 năm đối với độ Tối mật",
    "Đổi mật khẩu sau {n} ngày. Mật khẩu: ********",
    "Độ mật: gồm Tuyệt mật, Tối mật và Mật (điểm {n})",
    "mật độ dân số {n} người/km2; Mật độ: {n}",
    "Độ mật của văn bản do Chương {n} quy định",
    "| Độ mật | Thời hạn bảo vệ |\n| Tuyệt mật | 30 năm |\n| Mật | 10 năm |  ({n})",
)
NEWS: Final = (
    "Từ ngày {d}, CCCD gắn chip thay thế CMND; đã cấp {k} thẻ.",
    "Theo Nghị định số {s}/2025/NĐ-CP, số định danh cá nhân gồm 12 chữ số.",
    "Công an cấp {k} căn cước công dân, tăng {s} so với năm {y}.",
    "Người dân tra cứu mã số thuế tại trang web; hạn chót {d}.",
    "Mã số BHXH gồm 10 chữ số, tra cứu tại cổng thông tin, hotline 1900{p}.",
    "Quỹ BHYT chi {k} tỷ đồng trong năm {y}; thẻ BHYT có giá trị 5 năm.",
    "Hộ chiếu mẫu mới cấp từ {d}, phí {s}.000 đồng.",
    "Khách hàng mở số tài khoản đẹp với phí {k} đồng, STK tứ quý.",
    "Bấm biển số ngày {d}: {s} lượt đấu giá, giá khởi điểm {k} đồng.",
    "Bệnh nhân mắc cúm A tăng {s} ca; chẩn đoán sớm giúp giảm biến chứng.",
    "Bệnh nhân thứ {s} đã khỏi, năm {y} ghi nhận {k} ca.",
    "SĐT rác bị chặn {k} thuê bao; điện thoại đời {y} giảm giá.",
    "Ngày sinh của ngành là ngày {o} tháng 8; kỷ niệm {s} năm.",
    "Thay thế Quyết định số {s}/{y}/QĐ-TTg ngày {d}, theo Công văn số {s}/BYT-KCB.",
    "Hiến pháp nước Cộng hòa xã hội chủ nghĩa Việt Nam năm {y} quy định quyền và nghĩa vụ.",
    "Sổ đỏ, sổ hồng được đổi mẫu từ {d}; đã in {k} phôi.",
    "Bộ mã ICD-10 có hơn {k} mã; bệnh viện cập nhật năm {y}.",
    "Thẻ tín dụng nội địa tăng {s}%, thẻ ATM từ giảm còn {k}.",
    "Tội phạm đánh cắp số thẻ, số tài khoản và mã OTP của {k} người.",
    "Đường Nguyễn Văn Cừ, phố Trần Duy Hưng kẹt xe lúc {s} giờ.",
    "Người gửi tiền hưởng lãi {s}%, kỳ hạn {y} ngày. Hà Nội ngày {d}.",
    "Căn cước điện tử có giá trị như thẻ; {k} tài khoản định danh mức {o}.",
    "Cấp CMND cho {k} người từ năm {y}; đổi sang CCCD trước {d}.",
    "Tra cứu phạt nguội theo biển số, {k} trường hợp; biển số vàng từ {d}.",
    "BHXH Việt Nam thu {k} tỷ; người tham gia BHXH {k}; BHYT {k}.",
    "Sinh ngày nào cũng vui; sự kiện ngày sinh nhật lần {s}, năm {y}.",
    "Họ và tên được viết bằng chữ in hoa, Nguyễn là họ phổ biến nhất ({s}%).",
    "Email rác chiếm {s}% lưu lượng năm {y}; gửi về @ đơn vị.",
    "Dự án luật có {s} chương, {y} điều; thông qua ngày {d} với {k} phiếu.",
)
BLANKS: Final = (
    "Họ và tên: ..................................... Ngày sinh: ..../..../......",
    "Số CCCD: ........................ cấp ngày ..../..../20{s}",
    "CMND/CCCD/Hộ chiếu số: _________________ Nơi cấp: ____________",
    "Họ và tên (viết chữ in hoa): ____________________ Nam/Nữ, mẫu {s}",
    "Điện thoại: .................. Email: .................. ({s})",
    "Mã số thuế: |__|__|__|__|__|__|__|__|__|__| tờ khai {s}",
    "Số tài khoản: ............... tại ngân hàng ............... chi nhánh {s}",
    "STT,Họ và tên,Ngày sinh,Số CCCD,SĐT,Địa chỉ\n",
    "Họ tên: [Nhập họ tên]; CCCD: [12 số]; SĐT: [10 số]; trang {s}",
    "Số: ..../20{s}/QĐ-.....\n..., ngày ... tháng ... năm 20{s}",
    "Họ Tên: Ngày Sinh: Giới Tính: ({s})",
    "Biển số: ............ Số khung: RL4{p}{p} Số máy: {p}{p}",
    "Ngày sinh: dd/mm/yyyy. CCCD: xxxxxxxxxxxx. SĐT: 09xxxxxxxx ({s})",
    "Số thẻ BHYT: □□ □ □□ □□□□□□□□□□ trang {s}/{s}",
    "Số thẻ: **** **** **** {p}",
    "CCCD: 001*******{s}; SĐT: 09*****{s}",
)
CLINIC: Final = (
    "Phòng khám A12, tầng {o}, giường B{o}.", "Uống vitamin B12 ngày {o} lần.", "Lỗi P{p} trên xe đời {y}.", "Gate C{o}, ghế A{o}.",
    "Chẩn đoán lỗi: mã P{p}, cảm biến oxy.", "Khổ giấy A4, bản vẽ M{o}.", "Mã lỗi E{o} trên máy giặt.", "Lô T20 giao ngày {d}.",
    "Bê tông M250, thép D{o}.", "Quốc lộ N{o}, khu B{o}, lô E{o}.",
    "Bảng mã ICD-10, chương {o} (A00-B99).",
    "Nhóm bệnh hô hấp theo ICD-10: J00-J99, {s} mã.",
    "Bệnh viện bổ sung {s} mã bệnh; phòng T12 mở cửa.",
    "Chẩn đoán hình ảnh: phòng X12, tầng {o}.",
    "ICD của phòng C{o}: chưa nhập",
)  # fmt: skip
FIRMS: Final = ("CÔNG TY TNHH MẪU {s}", "Công ty Cổ phần Thử Nghiệm {s}", "CONG TY CP XAY DUNG MAU {s}", "Ngân hàng Mẫu chi nhánh {s}",
                "Trường Tiểu học Mẫu {s}", "UBND xã Mẫu {s}", "Bệnh viện Đa khoa Mẫu {s}", "Cửa hàng Hoa Mai {s}", "John Smith {s}",
                "Bộ phận Kế toán {s}", "Chưa Cập Nhật")  # fmt: skip
TALK: Final = (
    "anh ơi {s} giờ họp nhé, mai em gửi báo cáo năm {y}", "ok để mình xem lại đơn {n9}", "giá {k} đ được không ạ", "ship COD {s}k, mã {n10}",
    "em chuyển {k} rồi nhé", "số nhà {s}/{o} ngõ {o} phố Trần Phú", "hẹn {d} lúc {o}h", "mã OTP của bạn là {n6}, không chia sẻ", "LH fb.com/mau.{n9}",
    "phòng {s}, tầng {o}, tòa B{o}", "điểm thi: {o}.25; SBD {n8}", "xổ số ngày {d}: {n6} - {n5}",
)  # fmt: skip


def _fill(rng: Random, text: str) -> str:
    filled = {
        "d": f"{rng.randrange(1, 29):02}/{rng.randrange(1, 13):02}/{rng.randrange(2015, 2027)}",
        "k": f"{rng.randrange(10**4, 10**9):,}".replace(",", "."),
        "s": str(rng.randrange(10, 400)),
        "o": str(rng.randrange(1, 13)),
        "y": str(rng.randrange(1990, 2027)),
        "p": some(rng, 4),
        "n": str(rng.randrange(2, 90)),
        "n5": number(rng, 5),
        "n6": number(rng, 6),
        "n8": number(rng, 8),
        "n9": number(rng, 9),
        "n10": number(rng, 10),
    }
    return text.format_map(filled)


def _of(texts: tuple[str, ...]) -> Callable[[Random], str]:
    return lambda rng: _fill(rng, rng.choice(texts))


def firm(rng: Random) -> str:
    """Return an organisation where a person's name often stands."""
    before = rng.choice(
        ("Tên khách hàng", "Chủ tài khoản", "Người nhận", "Người gửi", "Full name", "Bệnh nhân chuyển từ")
    )
    return f"{label(rng, before)}: {_fill(rng, rng.choice(FIRMS))}"


def unnamed(rng: Random) -> str:
    """Return names of people in sentences, and places named after some: nothing says whose."""
    name = people.name(rng)
    return rng.choice((f"{name} vừa ghi bàn phút {rng.randrange(90)}", f"theo {name}, giá vàng tăng", f"đường {name} cấm xe tải",
                       f"trường THPT {name}", f"Tác giả: {name}", f"nhạc: {name}"))  # fmt: skip


def bled(rng: Random) -> str:
    """Return a field left empty, before a number of something else."""
    empty = rng.choice(("CCCD", "Số CMND", "MST", "SĐT", "Số tài khoản", "Mã số BHXH", "Số hộ chiếu", "Số thẻ BHYT"))
    other = rng.choice(("mã đơn hàng", "số hợp đồng", "mã vận đơn", "số biên nhận", "ID hồ sơ"))
    said = rng.choice(("chưa có", "không", "", "đang cập nhật", "(trống)"))
    return f"{empty}: {said}; ngày {rng.randrange(1, 29)}/{rng.randrange(1, 13)}/2026 {other} {some(rng, rng.choice((9, 10, 12, 13)))}"


PLACES: Final = ("Hà Nội", "Hà Nam", "Lâm Đồng", "Cao Bằng", "Thái Bình", "Hồ Gươm", "Kim Liên", "Hoàng Mai", "Lê Lợi", "Trần Phú", "Ninh Bình", "Hà Tĩnh",
                 "Lai Châu", "Lý Sơn", "Văn Lâm", "Tô Hiệu")  # fmt: skip


def place(rng: Random) -> str:
    """Return a place with a name like a person's, after a word that names often follow."""
    who = rng.choice(
        ("Bệnh nhân", "Người nhận", "Người gửi", "Chủ thẻ", "Khách hàng", "Họ tên, địa chỉ", "Chủ tài khoản")
    )
    way = rng.choice(
        (" ở ", " từ ", " tại ", " quê ", " đến từ ", " chuyển từ ", ", phường ", " bị tai nạn ở ", ". Nơi cấp: ")
    )
    return f"{who}{way}{rng.choice(PLACES)} {rng.choice(('tăng', 'đã khỏi', 'giảm', 'được hỗ trợ'))} {rng.randrange(2, 90)}"


KINDS: Final[dict[str, Callable[[Random], str]]] = {
    "laws about secrecy": _of(LEVELS),
    "news and laws about identifiers": _of(NEWS),
    "forms not filled in": _of(BLANKS),
    "rooms, parts and vitamins": _of(CLINIC),
    "organisations for persons": firm,
    "names in sentences": unnamed,
    "places with names like persons": place,
    "talk": _of(TALK),
    "empty fields": bled,
}
