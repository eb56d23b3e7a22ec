"""Closed sets of labels as people say them, with the colour each has on every dashboard."""

from __future__ import annotations

from typing import NamedTuple

from tools.dashboards.text import Text, proper

GOOD, NEAR, BAD, CALM, DIM = "green", "orange", "red", "blue", "text"


class Word(NamedTuple):
    """A value of a label: what it is called, and its colour; none: Grafana takes one."""

    text: Text
    colour: str | None = None


Words = dict[str, Word]

CATEGORY: Words = {
    "core": Word(Text("Core data", "Dữ liệu cốt lõi"), "dark-red"),
    "important": Word(Text("Important data", "Dữ liệu quan trọng"), "orange"),
    "personal": Word(Text("Personal data", "Dữ liệu cá nhân"), "purple"),
    "secret": Word(Text("State secrets", "Bí mật nhà nước"), "semi-dark-red"),
    "none": Word(Text("No legal class", "Không thuộc loại nào"), "blue"),
}
TAGGED: Words = {
    **{value: word for value, word in CATEGORY.items() if value not in {"secret", "none"}},
    "other": Word(Text("Other data", "Dữ liệu khác"), "green"),
    "none": Word(Text("Not yet tagged", "Chưa gắn nhãn"), "text"),
}
"""What systems are tagged with."""
DECISION: Words = {
    "violation": Word(Text("No permit", "Không có giấy phép"), "dark-red"),
    "overrun": Word(Text("Over a ceiling", "Vượt giới hạn"), "red"),
    "expired": Word(Text("Permit expired", "Giấy phép hết hạn"), "orange"),
    "not-yet-valid": Word(Text("Permit not yet valid", "Giấy phép chưa có hiệu lực"), "yellow"),
    "new-recipient": Word(Text("Recipient not in the permit", "Bên nhận ngoài giấy phép"), "purple"),
    "permitted": Word(Text("Permitted", "Được phép"), "green"),
}
SEVERITY: Words = {
    "critical": Word(Text("Critical", "Nghiêm trọng"), "dark-red"),
    "high": Word(Text("High", "Cao"), "red"),
    "medium": Word(Text("Medium", "Trung bình"), "orange"),
    "low": Word(Text("Low", "Thấp"), "yellow"),
    "informational": Word(Text("Informational", "Để biết"), "blue"),
}
INSPECTION: Words = {
    "cleartext": Word(Text("Content readable", "Đọc được nội dung"), "green"),
    "metadata": Word(Text("Name only", "Chỉ thấy tên"), "blue"),
    "opaque": Word(Text("Opaque", "Không đọc được"), "dark-red"),
    "other": Word(Text("Folded", "Đã gộp"), "text"),
}
BASIS: Words = {
    "override": Word(Text("Own table", "Bảng của đơn vị"), "green"),
    "geo": Word(Text("Country database", "Cơ sở dữ liệu quốc gia"), "blue"),
    "anycast": Word(Text("Anycast: operator's registration", "Anycast: nơi đăng ký của nhà khai thác"), "yellow"),
    "unknown": Word(Text("Unknown", "Không xác định"), "dark-red"),
    "other": Word(Text("Folded", "Đã gộp"), "text"),
}
KIND: Words = {
    "basic": Word(Text("basic citizen data", "dữ liệu công dân cơ bản")),
    "sensitive": Word(Text("sensitive citizen data", "dữ liệu công dân nhạy cảm")),
    "bank": Word(Text("bank data", "dữ liệu ngân hàng")),
}
BAND: Words = {
    "core": Word(Text("core", "cốt lõi")),
    "important": Word(Text("important", "quan trọng")),
}
CEILING: Words = {
    "bytes": Word(Text("bytes", "dung lượng")),
    "flows": Word(Text("flows", "số luồng")),
    "persons": Word(Text("persons", "số người")),
}
RESULT: Words = {
    "hit": Word(Text("Found", "Tìm thấy"), "green"),
    "miss": Word(Text("Not found", "Không tìm thấy"), "orange"),
    "pseudo": Word(Text("Not a country (EU, AP)", "Không phải quốc gia (EU, AP)"), "yellow"),
    "disagree": Word(Text("Databases disagree", "Các cơ sở dữ liệu không khớp"), "purple"),
    "error": Word(Text("Error", "Lỗi"), "dark-red"),
    "other": Word(Text("Folded", "Đã gộp"), "text"),
}
REASON: Words = {
    "kernel": Word(Text("Kernel: no room", "Nhân hệ điều hành: hết chỗ"), "dark-red"),
    "ring": Word(Text("Ring: overwritten", "Vòng đệm: bị ghi đè"), "red"),
    "link_type": Word(Text("Unknown link type", "Kiểu liên kết lạ")),
    "truncated_link": Word(Text("Link header cut", "Tiêu đề liên kết bị cắt")),
    "not_ip": Word(Text("Not IP", "Không phải IP"), "text"),
    "truncated_ip": Word(Text("IP header cut", "Tiêu đề IP bị cắt")),
    "malformed_ip": Word(Text("IP header wrong", "Tiêu đề IP sai")),
    "truncated_transport": Word(Text("Transport header cut", "Tiêu đề tầng giao vận bị cắt")),
    "malformed_transport": Word(Text("Transport header wrong", "Tiêu đề tầng giao vận sai")),
    "nesting": Word(Text("Nested too deep", "Lồng quá sâu")),
    "checksum": Word(Text("Wrong checksum", "Sai tổng kiểm tra")),
}
WORK: Words = {
    "content": Word(Text("Content left out", "Bỏ qua nội dung"), "yellow"),
    "some names": Word(Text("Most names left out", "Bỏ qua phần lớn tên"), "orange"),
    "names": Word(Text("All names left out", "Bỏ qua mọi tên"), "red"),
    "other": Word(Text("Folded", "Đã gộp"), "text"),
}
STAGE: Words = {
    "engine": Word(Text("Engine", "Bộ máy đọc gói tin")),
    "classify": Word(Text("Classify", "Phân loại")),
    "match": Word(Text("Match", "Đối chiếu quy tắc")),
    "publish": Word(Text("Publish", "Công bố")),
    "other": Word(Text("Folded", "Đã gộp"), "text"),
}
EVICTED: Words = {
    "fired": Word(Text("Memory of what has fired", "Bộ nhớ về phát hiện đã báo")),
    "correlation": Word(Text("Groups of correlations", "Nhóm tương quan")),
    "other": Word(Text("Folded", "Đã gộp"), "text"),
}
END: Words = {
    "fin": Word(proper("FIN")),
    "rst": Word(proper("RST")),
    "idle": Word(Text("Idle", "Không hoạt động")),
    "active": Word(Text("Lived too long", "Kéo dài quá hạn")),
    "evicted": Word(Text("Evicted: table full", "Bị loại: bảng đầy"), "dark-red"),
    "shutdown": Word(Text("Agent stopped", "Tác tử dừng")),
}
LIMIT: Words = {
    "bytes": Word(Text("More bytes than looked at", "Dung lượng vượt mức đọc")),
    "depth": Word(Text("Nested too deep", "Lồng quá sâu")),
    "memory": Word(Text("Longer than is kept", "Dài hơn mức lưu giữ")),
}
YES_NO: Words = {
    "0": Word(Text("No", "Không"), "dark-red"),
    "1": Word(Text("Yes", "Có"), "green"),
}
NEVER: Words = {"0": Word(Text("not in this range", "không có trong khoảng này"), "text")}
"""For a moment that did not come."""
UNTOLD: Words = {"0": Word(Text("it does not say", "không ghi ngày lập"), "text")}
"""For an age that is not known."""

THRESHOLD = Word(Text("Threshold", "Ngưỡng"), "red")
