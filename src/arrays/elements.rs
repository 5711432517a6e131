//! The types of numbers that files of arrays know, and their bytes as f64.

use half::{bf16, f16};
use npyz::{DType, TypeChar, TypeStr};
use safetensors::tensor::Dtype;

use super::NumberKind;

/// The type of the elements of an array, all of whose values f64 holds (but for integers beyond 2^53).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F64,
    F32,
    F16,
    Bf16,
    /// Floating-point numbers of one byte.
    F8(Minifloat),
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

/// The formats of one byte. The first four have a sign bit, then exponent and mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Minifloat {
    /// No infinities; NaN is all ones behind the sign.
    E4m3,
    /// The upper byte of a half.
    E5m2,
    /// Neither infinities nor −0, whose place NaN takes.
    E4m3Fnuz,
    E5m2Fnuz,
    /// A power of two, 2^(byte − 127); NaN is 255.
    E8m0,
}

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    LittleEndian,
    BigEndian,
}

impl Element {
    /// Bytes of an element.
    pub(super) fn width(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::F8(_) | Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    pub(super) fn kind(self) -> NumberKind {
        match self {
            Self::F64 | Self::F32 | Self::F16 | Self::Bf16 | Self::F8(_) => NumberKind::Float,
            Self::Bool => NumberKind::Boolean,
            _ => NumberKind::Integer,
        }
    }

    /// Of an npy file; the error is what the elements are.
    pub(super) fn of_npy(dtype: &DType) -> Result<(Self, ByteOrder), String> {
        match dtype {
            DType::Plain(plain) => Self::of_numpy(plain),
            _ => Err("records".to_owned()),
        }
    }

    /// Of a NumPy type such as `<f4`. Two raw bytes are what `ml_dtypes` writes for bfloat16.
    pub(super) fn of_numpy(plain: &TypeStr) -> Result<(Self, ByteOrder), String> {
        let order = match plain.endianness() {
            npyz::Endianness::Big => ByteOrder::BigEndian,
            _ => ByteOrder::LittleEndian,
        };
        let element = match (plain.type_char(), plain.size_field()) {
            (TypeChar::Float, 8) => Self::F64,
            (TypeChar::Float, 4) => Self::F32,
            (TypeChar::Float, 2) => Self::F16,
            (TypeChar::RawData, 2) => Self::Bf16,
            (TypeChar::Int, 8) => Self::I64,
            (TypeChar::Int, 4) => Self::I32,
            (TypeChar::Int, 2) => Self::I16,
            (TypeChar::Int, 1) => Self::I8,
            (TypeChar::Uint, 8) => Self::U64,
            (TypeChar::Uint, 4) => Self::U32,
            (TypeChar::Uint, 2) => Self::U16,
            (TypeChar::Uint, 1) => Self::U8,
            (TypeChar::Bool, 1) => Self::Bool,
            (TypeChar::Float, bytes) => return Err(format!("float{}", 8 * bytes)),
            (TypeChar::Complex, bytes) => return Err(format!("complex{}", 8 * bytes)),
            (TypeChar::ByteStr | TypeChar::UnicodeStr, _) => return Err("text".to_owned()),
            (TypeChar::Object, _) => return Err("Python objects".to_owned()),
            (TypeChar::DateTime | TypeChar::TimeDelta, _) => return Err("dates".to_owned()),
            (TypeChar::RawData, bytes) => return Err(format!("{bytes} raw bytes")),
            _ => return Err(plain.to_string()),
        };
        Ok((element, order))
    }

    /// Of a safetensors file; the error is what the elements are.
    pub(super) fn of_safetensors(dtype: Dtype) -> Result<Self, String> {
        Ok(match dtype {
            Dtype::F64 => Self::F64,
            Dtype::F32 => Self::F32,
            Dtype::F16 => Self::F16,
            Dtype::BF16 => Self::Bf16,
            Dtype::F8_E4M3 => Self::F8(Minifloat::E4m3),
            Dtype::F8_E5M2 => Self::F8(Minifloat::E5m2),
            Dtype::F8_E4M3FNUZ => Self::F8(Minifloat::E4m3Fnuz),
            Dtype::F8_E5M2FNUZ => Self::F8(Minifloat::E5m2Fnuz),
            Dtype::F8_E8M0 => Self::F8(Minifloat::E8m0),
            Dtype::I64 => Self::I64,
            Dtype::I32 => Self::I32,
            Dtype::I16 => Self::I16,
            Dtype::I8 => Self::I8,
            Dtype::U64 => Self::U64,
            Dtype::U32 => Self::U32,
            Dtype::U16 => Self::U16,
            Dtype::U8 => Self::U8,
            Dtype::BOOL => Self::Bool,
            Dtype::C64 => return Err("complex64".to_owned()),
            // Packed within bytes.
            other => return Err(format!("{other:?}")),
        })
    }

    /// Of a dtype of PyTorch, by its name without `torch.`; the error is what the elements are.
    pub(super) fn of_torch(dtype: &str) -> Result<Self, String> {
        Ok(match dtype {
            "float64" | "double" => Self::F64,
            "float32" | "float" => Self::F32,
            "float16" | "half" => Self::F16,
            "bfloat16" => Self::Bf16,
            "float8_e4m3fn" => Self::F8(Minifloat::E4m3),
            "float8_e5m2" => Self::F8(Minifloat::E5m2),
            "float8_e4m3fnuz" => Self::F8(Minifloat::E4m3Fnuz),
            "float8_e5m2fnuz" => Self::F8(Minifloat::E5m2Fnuz),
            "float8_e8m0fnu" => Self::F8(Minifloat::E8m0),
            "int64" | "long" => Self::I64,
            "int32" | "int" => Self::I32,
            "int16" | "short" => Self::I16,
            "int8" => Self::I8,
            "uint64" => Self::U64,
            "uint32" => Self::U32,
            "uint16" => Self::U16,
            "uint8" => Self::U8,
            "bool" => Self::Bool,
            other => return Err(other.chars().take(32).collect()),
        })
    }

    /// Appends the elements in `bytes` to `values`, exactly; bytes behind the last whole element are left.
    ///
    /// # Errors
    /// In words, if an integer is none of those that f64 holds.
    pub(super) fn decode(
        self,
        order: ByteOrder,
        bytes: &[u8],
        values: &mut Vec<f64>,
    ) -> Result<(), String> {
        let numbers = Numbers { order, bytes };
        match self {
            Self::F64 => values.extend(numbers.map(f64::from_le_bytes)),
            Self::F32 => values.extend(numbers.map(|x| f64::from(f32::from_le_bytes(x)))),
            Self::F16 => values.extend(numbers.map(|x| f64::from(f16::from_le_bytes(x)))),
            Self::Bf16 => values.extend(numbers.map(|x| f64::from(bf16::from_le_bytes(x)))),
            Self::F8(format) => values.extend(numbers.map(|[byte]| format.value(byte))),
            Self::I32 => values.extend(numbers.map(|x| f64::from(i32::from_le_bytes(x)))),
            Self::I16 => values.extend(numbers.map(|x| f64::from(i16::from_le_bytes(x)))),
            Self::I8 => values.extend(numbers.map(|x| f64::from(i8::from_le_bytes(x)))),
            Self::U32 => values.extend(numbers.map(|x| f64::from(u32::from_le_bytes(x)))),
            Self::U16 => values.extend(numbers.map(|x| f64::from(u16::from_le_bytes(x)))),
            Self::U8 => values.extend(numbers.map(|[byte]| f64::from(byte))),
            Self::Bool => values.extend(numbers.map(|[byte]| f64::from(u8::from(byte != 0)))),
            Self::I64 => {
                for number in numbers.map(i64::from_le_bytes) {
                    values.push(exact(number.into())?);
                }
            }
            Self::U64 => {
                for number in numbers.map(u64::from_le_bytes) {
                    values.push(exact(number.into())?);
                }
            }
        }
        Ok(())
    }
}

/// Numbers one after the other.
struct Numbers<'a> {
    order: ByteOrder,
    bytes: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// Each number, made of its bytes, the lowest first.
    fn map<const N: usize, T>(
        &self,
        of: impl Fn([u8; N]) -> T + 'a,
    ) -> impl Iterator<Item = T> + 'a {
        let is_turned = self.order == ByteOrder::BigEndian;
        let (elements, _) = self.bytes.as_chunks::<N>();
        elements.iter().map(move |&(mut bytes)| {
            if is_turned {
                bytes.reverse();
            }
            of(bytes)
        })
    }
}

fn exact(integer: i128) -> Result<f64, String> {
    let value = integer as f64;
    if value as i128 == integer {
        Ok(value)
    } else {
        Err(format!(
            "integers beyond 2^53 such as {integer}, which double precision does not hold"
        ))
    }
}

impl Minifloat {
    /// What a byte stands for.
    fn value(self, byte: u8) -> f64 {
        let (exponent_bits, bias, is_nan) = match self {
            Self::E4m3 => (4, 7, byte & 0x7f == 0x7f),
            Self::E4m3Fnuz => (4, 8, byte == 0x80),
            Self::E5m2Fnuz => (5, 16, byte == 0x80),
            Self::E5m2 => return f16::from_le_bytes([0, byte]).into(),
            Self::E8m0 if byte == 0xff => return f64::NAN,
            Self::E8m0 => return 2_f64.powi(i32::from(byte) - 127),
        };
        if is_nan {
            return f64::NAN;
        }
        let mantissa_bits = 7 - exponent_bits;
        let mantissa = f64::from(byte & ((1 << mantissa_bits) - 1)) / f64::from(1 << mantissa_bits);
        let magnitude = match i32::from((byte & 0x7f) >> mantissa_bits) {
            0 => mantissa * 2_f64.powi(1 - bias),
            exponent => (1.0 + mantissa) * 2_f64.powi(exponent - bias),
        };
        if byte & 0x80 == 0 {
            magnitude
        } else {
            -magnitude
        }
    }
}
