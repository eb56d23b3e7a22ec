"""Names of countries by ISO 3166 code. Grafana's list has no Vietnamese ones, and cannot be looked up in a table."""

from __future__ import annotations

from tools.dashboards.text import Text
from tools.dashboards.words import Word, Words

_NAMES = """
AD Andorra|Andorra
AE United Arab Emirates|Các Tiểu vương quốc Ả Rập Thống nhất
AF Afghanistan|Afghanistan
AL Albania|Albania
AM Armenia|Armenia
AO Angola|Angola
AR Argentina|Argentina
AT Austria|Áo
AU Australia|Úc
AZ Azerbaijan|Azerbaijan
BA Bosnia and Herzegovina|Bosnia và Herzegovina
BD Bangladesh|Bangladesh
BE Belgium|Bỉ
BG Bulgaria|Bulgaria
BH Bahrain|Bahrain
BN Brunei|Brunei
BO Bolivia|Bolivia
BR Brazil|Brazil
BT Bhutan|Bhutan
BY Belarus|Belarus
CA Canada|Canada
CD Congo (Kinshasa)|Cộng hòa Dân chủ Congo
CH Switzerland|Thụy Sĩ
CI Ivory Coast|Bờ Biển Ngà
CL Chile|Chile
CM Cameroon|Cameroon
CN China|Trung Quốc
CO Colombia|Colombia
CR Costa Rica|Costa Rica
CU Cuba|Cuba
CY Cyprus|Síp
CZ Czechia|Séc
DE Germany|Đức
DK Denmark|Đan Mạch
DO Dominican Republic|Cộng hòa Dominica
DZ Algeria|Algeria
EC Ecuador|Ecuador
EE Estonia|Estonia
EG Egypt|Ai Cập
ES Spain|Tây Ban Nha
ET Ethiopia|Ethiopia
FI Finland|Phần Lan
FR France|Pháp
GB United Kingdom|Vương quốc Anh
GE Georgia|Gruzia
GH Ghana|Ghana
GR Greece|Hy Lạp
GT Guatemala|Guatemala
HK Hong Kong|Hồng Kông
HN Honduras|Honduras
HR Croatia|Croatia
HU Hungary|Hungary
ID Indonesia|Indonesia
IE Ireland|Ireland
IL Israel|Israel
IN India|Ấn Độ
IQ Iraq|Iraq
IR Iran|Iran
IS Iceland|Iceland
IT Italy|Ý
JM Jamaica|Jamaica
JO Jordan|Jordan
JP Japan|Nhật Bản
KE Kenya|Kenya
KG Kyrgyzstan|Kyrgyzstan
KH Cambodia|Campuchia
KP North Korea|Triều Tiên
KR South Korea|Hàn Quốc
KW Kuwait|Kuwait
KZ Kazakhstan|Kazakhstan
LA Laos|Lào
LB Lebanon|Liban
LI Liechtenstein|Liechtenstein
LK Sri Lanka|Sri Lanka
LT Lithuania|Litva
LU Luxembourg|Luxembourg
LV Latvia|Latvia
LY Libya|Libya
MA Morocco|Maroc
MC Monaco|Monaco
MD Moldova|Moldova
ME Montenegro|Montenegro
MG Madagascar|Madagascar
MK North Macedonia|Bắc Macedonia
MM Myanmar|Myanmar
MN Mongolia|Mông Cổ
MO Macao|Ma Cao
MT Malta|Malta
MU Mauritius|Mauritius
MV Maldives|Maldives
MX Mexico|Mexico
MY Malaysia|Malaysia
MZ Mozambique|Mozambique
NG Nigeria|Nigeria
NL Netherlands|Hà Lan
NO Norway|Na Uy
NP Nepal|Nepal
NZ New Zealand|New Zealand
OM Oman|Oman
PA Panama|Panama
PE Peru|Peru
PG Papua New Guinea|Papua New Guinea
PH Philippines|Philippines
PK Pakistan|Pakistan
PL Poland|Ba Lan
PT Portugal|Bồ Đào Nha
PY Paraguay|Paraguay
QA Qatar|Qatar
RO Romania|Romania
RS Serbia|Serbia
RU Russia|Nga
SA Saudi Arabia|Ả Rập Xê Út
SC Seychelles|Seychelles
SE Sweden|Thụy Điển
SG Singapore|Singapore
SI Slovenia|Slovenia
SK Slovakia|Slovakia
SN Senegal|Senegal
SY Syria|Syria
TH Thailand|Thái Lan
TJ Tajikistan|Tajikistan
TL Timor-Leste|Đông Timor
TM Turkmenistan|Turkmenistan
TN Tunisia|Tunisia
TR Turkey|Thổ Nhĩ Kỳ
TW Taiwan|Đài Loan
TZ Tanzania|Tanzania
UA Ukraine|Ukraina
UG Uganda|Uganda
US United States|Hoa Kỳ
UY Uruguay|Uruguay
UZ Uzbekistan|Uzbekistan
VE Venezuela|Venezuela
VG British Virgin Islands|Quần đảo Virgin thuộc Anh
YE Yemen|Yemen
ZA South Africa|Nam Phi
ZM Zambia|Zambia
ZW Zimbabwe|Zimbabwe
"""


def _words() -> Words:
    """Return code → what it is called, the code beside it; one that is not here shows as the code alone."""
    made = {}
    for line in _NAMES.split("\n")[1:-1]:
        code, names = line[:2], line[3:]
        en, vi = names.split("|")
        made[code] = Word(Text(f"{en} ({code})", f"{vi} ({code})"))
    return made


COUNTRY: Words = {
    "ZZ": Word(Text("Unknown (ZZ)", "Không xác định (ZZ)"), "dark-red"),
    "other": Word(Text("Others, folded", "Nước khác, đã gộp"), "text"),
    **_words(),
}
