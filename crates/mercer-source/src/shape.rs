//! What text values look like: addresses, codes and other shapes that tell what a column holds.

use serde::{Deserialize, Serialize};

/// The shape that nearly all values of a text column share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `ann@example.org`
    Email,
    /// `https://example.org/shoes`
    Url,
    /// `7927b2df-8bba-4d29-b9a2-b6e0beafe620`
    Uuid,
    /// 32 or more hexadecimal digits: a hashed value.
    Hash,
    /// `+44 20 7946 0958`, `415-382-4657`
    Phone,
    /// An IP address.
    IpAddress,
    /// ISO 4217: `GBP`
    CurrencyCode,
    /// ISO 3166: `GB` or `GBR`
    CountryCode,
    /// `United Kingdom`
    CountryName,
    /// `12.5 %`
    Percentage,
    /// A JSON object or array.
    Json,
    /// Markup with tags.
    Html,
}

/// Every shape, in the order in which they are tried.
const SHAPES: [Shape; 12] = [
    Shape::Email,
    Shape::Url,
    Shape::Uuid,
    Shape::Hash,
    Shape::Phone,
    Shape::IpAddress,
    Shape::CurrencyCode,
    Shape::CountryCode,
    Shape::CountryName,
    Shape::Percentage,
    Shape::Json,
    Shape::Html,
];

impl Shape {
    /// Whether one value has this shape.
    #[must_use]
    pub fn fits(self, value: &str) -> bool {
        match self {
            Self::Email => is_email(value),
            Self::Url => is_url(value),
            Self::Uuid => is_uuid(value),
            Self::Hash => value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Phone => is_phone(value),
            Self::IpAddress => value.parse::<std::net::IpAddr>().is_ok(),
            Self::CurrencyCode => is_currency_code(value),
            Self::CountryCode => is_country_code(value),
            Self::CountryName => is_country_name(value),
            Self::Percentage => value.strip_suffix('%').is_some_and(|number| {
                crate::cell::read_number(number.trim_end(), crate::cell::DecimalMark::Point).is_some()
                    || crate::cell::read_number(number.trim_end(), crate::cell::DecimalMark::Comma).is_some()
            }),
            Self::Json => value.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok(),
            Self::Html => value.starts_with('<') && value.ends_with('>') && value.contains("</"),
        }
    }
}

/// Counts the shapes of values.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShapeTally {
    values: u64,
    counts: [u64; SHAPES.len()],
}

impl ShapeTally {
    /// Values looked at; enough for a judgement, and no more than costs little.
    const ENOUGH: u64 = 5_000;

    pub(crate) fn add(&mut self, value: &str) {
        if self.values == Self::ENOUGH {
            return;
        }
        self.values += 1;
        for (shape, count) in SHAPES.iter().zip(&mut self.counts) {
            *count += u64::from(shape.fits(value));
        }
    }

    /// The first shape that at least 95 % of the values share.
    pub(crate) fn shape(&self) -> Option<Shape> {
        let enough = |count: u64| self.values > 0 && count * 100 >= self.values * 95;
        SHAPES.iter().zip(self.counts).find(|(_, count)| enough(*count)).map(|(shape, _)| *shape)
    }
}

fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let plain =
        |text: &str| !text.is_empty() && !text.contains(|sign: char| sign.is_whitespace() || ",;<>()\"".contains(sign));
    plain(local)
        && !local.contains('@')
        && plain(domain)
        && domain.rsplit_once('.').is_some_and(|(name, top)| !name.is_empty() && top.len() >= 2)
}

fn is_url(value: &str) -> bool {
    let rest = ["https://", "http://", "ftp://", "www."].iter().find_map(|start| value.strip_prefix(start));
    rest.is_some_and(|rest| rest.len() >= 3 && !rest.contains(char::is_whitespace))
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Seven to fifteen digits that are parted or led as people write phone numbers; bare digits could be anything.
fn is_phone(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let dressed = value.starts_with('+')
        || value.starts_with('(')
        || value.bytes().filter(|byte| matches!(byte, b'-' | b' ')).count() >= 2;
    let date = crate::cell::read_time(value).is_some();
    dressed
        && !date
        && (7..=15).contains(&digits)
        && value.len() <= 24
        && value.bytes().all(|byte| byte.is_ascii_digit() || b"+-() ./".contains(&byte))
        && !value.starts_with('-')
}

/// Whether `code` is a currency in use by ISO 4217.
pub(crate) fn is_currency_code(code: &str) -> bool {
    const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP \
        BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
        GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK \
        LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB \
        PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS \
        TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL";
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) && CODES.split(' ').any(|known| known == code)
}

/// Whether `code` is a country by ISO 3166-1, in two or three letters.
fn is_country_code(code: &str) -> bool {
    const TWO: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
        BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET \
        FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO \
        IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH \
        MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
        PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
        TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UK UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";
    const THREE: &str = "ARE ARG AUS AUT BEL BGR BRA CAN CHE CHL CHN COL CZE DEU DNK EGY ESP EST FIN FRA GBR GRC HKG HRV \
        HUN IDN IND IRL ISL ISR ITA JPN KOR LTU LUX LVA MAR MEX MYS NGA NLD NOR NZL PAK PER PHL POL PRT ROU RUS SAU SGP \
        SRB SVK SVN SWE THA TUN TUR TWN UKR URY USA VEN VNM ZAF";
    match code.len() {
        2 => TWO.split(' ').any(|known| known == code),
        3 => THREE.split(' ').any(|known| known == code),
        _ => false,
    }
}

/// Whether `name` is an English country name or a usual short form.
fn is_country_name(name: &str) -> bool {
    const NAMES: &str = "afghanistan|albania|algeria|andorra|angola|argentina|armenia|australia|austria|azerbaijan|bahamas|\
        bahrain|bangladesh|barbados|belarus|belgium|belize|benin|bermuda|bhutan|bolivia|bosnia and herzegovina|botswana|\
        brazil|brunei|bulgaria|burkina faso|burundi|cambodia|cameroon|canada|cape verde|channel islands|chile|china|\
        colombia|congo|costa rica|croatia|cuba|curacao|cyprus|czech republic|czechia|denmark|djibouti|dominican republic|\
        ecuador|egypt|eire|el salvador|england|eritrea|estonia|eswatini|ethiopia|european community|fiji|finland|france|\
        gabon|gambia|georgia|germany|ghana|gibraltar|greece|greenland|grenada|guadeloupe|guam|guatemala|guernsey|guinea|\
        guyana|haiti|honduras|hong kong|hungary|iceland|india|indonesia|iran|iraq|ireland|isle of man|israel|italy|\
        ivory coast|jamaica|japan|jersey|jordan|kazakhstan|kenya|kosovo|kuwait|kyrgyzstan|laos|latvia|lebanon|lesotho|\
        liberia|libya|liechtenstein|lithuania|luxembourg|macao|macau|madagascar|malawi|malaysia|maldives|mali|malta|\
        martinique|mauritania|mauritius|mexico|moldova|monaco|mongolia|montenegro|morocco|mozambique|myanmar|namibia|\
        nepal|netherlands|the netherlands|new caledonia|new zealand|nicaragua|niger|nigeria|north macedonia|\
        northern ireland|norway|oman|pakistan|palestine|panama|papua new guinea|paraguay|peru|philippines|poland|portugal|\
        puerto rico|qatar|republic of ireland|reunion|romania|rsa|russia|russian federation|rwanda|samoa|san marino|\
        saudi arabia|scotland|senegal|serbia|seychelles|sierra leone|singapore|slovakia|slovenia|somalia|south africa|\
        south korea|korea|spain|sri lanka|sudan|suriname|sweden|switzerland|syria|taiwan|tajikistan|tanzania|thailand|\
        togo|trinidad and tobago|tunisia|turkey|türkiye|turkmenistan|uganda|ukraine|united arab emirates|uae|\
        united kingdom|uk|great britain|united states|united states of america|usa|uruguay|uzbekistan|vatican|venezuela|\
        vietnam|viet nam|wales|yemen|zambia|zimbabwe|unspecified|unknown";
    (2..=32).contains(&name.len()) && NAMES.split('|').any(|known| known == name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_shape(value: &str) -> Option<Shape> {
        SHAPES.into_iter().find(|shape| shape.fits(value))
    }

    #[test]
    fn values_have_the_shape_people_see() {
        let cases = [
            ("ann.lee+x@example.co.uk", Some(Shape::Email)),
            ("ann@home", None),
            ("https://example.org/a?b=c", Some(Shape::Url)),
            ("7927b2df-8bba-4d29-b9a2-b6e0beafe620", Some(Shape::Uuid)),
            ("ceca20033d7d36b74dc683ddfb804aa7", Some(Shape::Hash)),
            ("+44 20 7946 0958", Some(Shape::Phone)),
            ("415-382-4657", Some(Shape::Phone)),
            ("2024-01-05", None),
            ("4153824657", None),
            ("192.168.0.1", Some(Shape::IpAddress)),
            ("GBP", Some(Shape::CurrencyCode)),
            ("gbp", None),
            ("GB", Some(Shape::CountryCode)),
            ("United Kingdom", Some(Shape::CountryName)),
            ("EIRE", Some(Shape::CountryName)),
            ("12,5 %", Some(Shape::Percentage)),
            (r#"{"a":[1]}"#, Some(Shape::Json)),
            ("<p>Hello</p>", Some(Shape::Html)),
            ("WHITE METAL LANTERN", None),
        ];
        for (value, shape) in cases {
            assert_eq!(first_shape(value), shape, "{value}");
        }
    }

    #[test]
    fn a_column_has_a_shape_when_nearly_all_values_do() {
        let mut tally = ShapeTally::default();
        assert_eq!(tally.shape(), None);
        (0..95).for_each(|_| tally.add("GB"));
        (0..5).for_each(|_| tally.add("??"));
        assert_eq!(tally.shape(), Some(Shape::CountryCode));
        tally.add("??");
        assert_eq!(tally.shape(), None);
    }
}
