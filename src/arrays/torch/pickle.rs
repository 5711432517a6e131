//! The machine of Python's pickles, without what makes them dangerous.
//!
//! A pickle is a program: instructions (opcodes) push values on a stack, join them, and call whatever they name. This machine
//! knows the instructions with which `torch.save` writes (protocols 2 to 5). Where one of them calls something,
//! [`super::globals`] does what that would do, if it is one of the few that build tensors, containers, numbers and text; nothing
//! else is called, ever, and the file is refused by the name of the instruction and of what it would have called.
//!
//! Every instruction takes at least a byte, and what each takes in memory is counted, so time and memory are bounded by the
//! length of the pickle.

use std::collections::HashMap;

use super::globals::{self, Callable};
use super::opcodes::opcode_name;
use super::value::{Object, Objects, Storage, Value};
use crate::text::escaped;

/// Bytes that an entry of the stack, or of the memo, takes.
const SLOT_BYTES: usize = 16;
/// Arguments of a call: none that is known takes more.
const MOST_ARGUMENTS: usize = 16;
/// Characters shown of the name of something refused.
const SHOWN: usize = 80;
/// How to come to a file that is read, for those that hold more than tensors.
const STATE_DICT: &str = "Nothing in a file is run here. Save the state dict, which needs no code to be read:\n    \
     import torch\n    \
     model = torch.load(\"model.pt\", weights_only=False)      # runs what the file says: only one that you trust\n    \
     torch.save(model.state_dict(), \"state-dict.pt\")         # of a dictionary that holds it: model[\"state_dict\"]";

/// Runs the instructions of a pickle up to STOP; gives its value, and the objects that it refers to.
///
/// # Errors
/// In words: an instruction that is not known here, a call of something that is not known to be harmless, an instruction that
/// finds something else on the stack than it needs, an end without STOP, more memory than the length of the pickle allows.
pub(super) fn load(pickle: &[u8]) -> Result<(Value, Objects), String> {
    let mut machine = Machine {
        bytes: pickle,
        place: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        objects: Objects::of_pickle(pickle.len()),
        last_global: None,
    };
    loop {
        let begin = machine.place;
        let opcode = machine.byte()?;
        match machine.step(opcode) {
            Ok(None) => {}
            Ok(Some(value)) => return Ok((value, machine.objects)),
            Err(reason) => {
                let name = opcode_name(opcode);
                return Err(format!(
                    "instruction {name} at byte {begin} of its pickle: {reason}"
                ));
            }
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    place: usize,
    stack: Vec<Value>,
    /// Heights of the stack at which something began.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    objects: Objects,
    /// The last global that was named and is not known to be harmless.
    last_global: Option<Value>,
}

impl<'a> Machine<'a> {
    /// Carries out an instruction; gives the value of the pickle at its end.
    fn step(&mut self, opcode: u8) -> Result<Option<Value>, String> {
        match opcode {
            b'.' => return self.pop().map(Some),
            0x80 => self.check_protocol()?,
            // Frames are for reading in pieces.
            0x95 => {
                self.take(8)?;
            }
            b'(' => {
                self.objects.charge(SLOT_BYTES)?;
                self.marks.push(self.stack.len());
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'J' => {
                let number = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(number.into()))?;
            }
            b'K' => {
                let number = self.byte()?;
                self.push(Value::Int(number.into()))?;
            }
            b'M' => {
                let number = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(number.into()))?;
            }
            0x8a => {
                let length = self.byte()?;
                self.long(length.into())?;
            }
            b'G' => {
                let number = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(number))?;
            }
            b'X' | 0x8c | 0x8d => self.text(opcode)?,
            b'B' | b'C' | 0x8e | 0x96 => self.some_bytes(opcode)?,
            b')' => self.push_object(Object::Tuple(Vec::new()), 0)?,
            b']' | 0x8f => self.push_object(Object::List(Vec::new()), 0)?,
            b'}' => self.push_object(Object::Dict(Vec::new()), 0)?,
            0x85..=0x87 => {
                let items = self.pop_many(usize::from(opcode - 0x84))?;
                self.push_tuple(items)?;
            }
            b't' => {
                let items = self.pop_mark()?;
                self.push_tuple(items)?;
            }
            0x91 => {
                let items = self.pop_mark()?;
                let bytes = items.len() * SLOT_BYTES;
                self.push_object(Object::List(items), bytes)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.append(items)?;
            }
            b's' => {
                let items = self.pop_many(2)?;
                self.set_items(&items)?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.set_items(&items)?;
            }
            b'q' | b'r' | 0x94 => self.memorise(opcode)?,
            b'h' | b'j' => self.recall(opcode)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push_global(module, name)?;
            }
            0x93 => self.stack_global()?,
            b'Q' => self.storage()?,
            b'R' | 0x81 => self.call()?,
            b'b' => self.build()?,
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                return Err(refused_call(&format!("{module}.{name}")));
            }
            b'o' => {
                let items = self.pop_mark()?;
                let class = items.first().and_then(|class| self.objects.global(*class));
                return Err(refused_call(class.unwrap_or("something without a name")));
            }
            _ => return Err(self.refused_instruction()),
        }
        Ok(None)
    }

    fn check_protocol(&mut self) -> Result<(), String> {
        match self.byte()? {
            0..=5 => Ok(()),
            protocol => Err(format!("there is no protocol {protocol}")),
        }
    }

    /// Refuses an instruction, with what it may have been about to call.
    fn refused_instruction(&self) -> String {
        let global = self
            .last_global
            .and_then(|value| self.objects.global(value));
        match global {
            None => "no file of `torch.save` needs it: it is something else, or damaged".to_owned(),
            Some(name) => format!(
                "no file of `torch.save` needs it, and `{}` was named before it. {STATE_DICT}",
                shortened(name)
            ),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.place..];
        let taken = rest
            .get(..count)
            .ok_or_else(|| format!("it ends {} bytes before its end", count - rest.len()))?;
        self.place += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array().map(|[byte]| byte)
    }

    /// Text up to the end of the line.
    fn line(&mut self) -> Result<&'a str, String> {
        let rest = &self.bytes[self.place..];
        let length = rest.iter().position(|byte| *byte == b'\n');
        let line = &rest[..length.ok_or("it ends within a name")?];
        self.place += line.len() + 1;
        std::str::from_utf8(line).map_err(|_| "a name is no text".to_owned())
    }

    /// The length that an instruction gives in its first bytes.
    fn length(&mut self, opcode: u8) -> Result<usize, String> {
        let length = match opcode {
            0x8c | b'C' => self.byte()?.into(),
            b'X' | b'B' => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        usize::try_from(length).map_err(|_| format!("it claims a text of {length} bytes"))
    }

    fn text(&mut self, opcode: u8) -> Result<(), String> {
        let length = self.length(opcode)?;
        // Python writes half characters (surrogates) as they are; no name of a tensor has any.
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        let bytes = text.len();
        self.push_object(Object::Text(text), bytes)
    }

    fn some_bytes(&mut self, opcode: u8) -> Result<(), String> {
        let length = self.length(opcode)?;
        let bytes = self.take(length)?.to_vec();
        self.push_object(Object::Bytes(bytes), length)
    }

    /// An integer of any length; one beyond i64 is of no use here.
    fn long(&mut self, length: usize) -> Result<(), String> {
        let bytes = self.take(length)?;
        let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) {
            0xff
        } else {
            0
        };
        let mut wide = [fill; 8];
        let (kept, beyond) = bytes.split_at(length.min(8));
        wide[..kept.len()].copy_from_slice(kept);
        let number = i64::from_le_bytes(wide);
        if beyond.iter().all(|byte| *byte == fill) && (number < 0) == (fill != 0) {
            self.push(Value::Int(number))
        } else {
            self.push_object(Object::Other, 0)
        }
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        self.objects.charge(SLOT_BYTES)?;
        self.stack.push(value);
        Ok(())
    }

    fn push_object(&mut self, object: Object, bytes: usize) -> Result<(), String> {
        let value = self.objects.add(object, bytes)?;
        self.push(value)
    }

    fn push_tuple(&mut self, items: Vec<Value>) -> Result<(), String> {
        let bytes = items.len() * SLOT_BYTES;
        self.push_object(Object::Tuple(items), bytes)
    }

    /// The lowest place of the stack that may be taken from: what lies below a mark belongs to something else.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Value, String> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The last values of the stack, the deepest first.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>, String> {
        match self.stack.len().checked_sub(count) {
            Some(begin) if begin >= self.floor() => Ok(self.stack.split_off(begin)),
            _ => Err("it takes more from the stack than there is".to_owned()),
        }
    }

    /// All values since the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Value>, String> {
        let begin = self
            .marks
            .pop()
            .ok_or("it has an end without a beginning")?;
        Ok(self.stack.split_off(begin))
    }

    /// What lies on top of the stack and stays there.
    fn top(&self) -> Result<Value, String> {
        let top = self
            .stack
            .last()
            .filter(|_| self.stack.len() > self.floor());
        top.copied()
            .ok_or_else(|| "it takes more from the stack than there is".to_owned())
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), String> {
        let list = self.top()?;
        self.objects.charge(items.len() * SLOT_BYTES)?;
        match self.objects.get_mut(list) {
            Some(Object::List(list)) => list.extend(items),
            _ => return Err("it appends to something that is no list".to_owned()),
        }
        Ok(())
    }

    /// Adds keys and values, one after the other, to a dictionary.
    fn set_items(&mut self, items: &[Value]) -> Result<(), String> {
        let dict = self.top()?;
        self.objects.charge(size_of_val(items))?;
        let (pairs, rest) = items.as_chunks::<2>();
        match self.objects.get_mut(dict) {
            Some(Object::Dict(dict)) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|[key, value]| (*key, *value)));
                Ok(())
            }
            Some(Object::Dict(_)) => Err("a key has no value".to_owned()),
            _ => Err("it sets items of something that is no dictionary".to_owned()),
        }
    }

    fn memorise(&mut self, opcode: u8) -> Result<(), String> {
        let place = match opcode {
            b'q' => self.byte()?.into(),
            b'r' => u32::from_le_bytes(self.array()?),
            _ => self.memo.len() as u32,
        };
        let value = self.top()?;
        self.objects.charge(2 * SLOT_BYTES)?;
        self.memo.insert(place, value);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<(), String> {
        let place = match opcode {
            b'h' => self.byte()?.into(),
            _ => u32::from_le_bytes(self.array()?),
        };
        let value = self.memo.get(&place).copied();
        self.push(value.ok_or_else(|| format!("it recalls value {place}, which it never kept"))?)
    }

    fn stack_global(&mut self) -> Result<(), String> {
        let names = self.pop_many(2)?;
        match (self.objects.text(names[0]), self.objects.text(names[1])) {
            (Some(module), Some(name)) => {
                let (module, name) = (module.to_owned(), name.to_owned());
                self.push_global(&module, &name)
            }
            _ => Err("the name of a class is no text".to_owned()),
        }
    }

    fn push_global(&mut self, module: &str, name: &str) -> Result<(), String> {
        let name = format!("{module}.{name}");
        let (is_harmless, bytes) = (globals::is_harmless(&name), name.len());
        let value = self.objects.add(Object::Global(name), bytes)?;
        if !is_harmless {
            self.last_global = Some(value);
        }
        self.push(value)
    }

    /// A storage, which PyTorch keeps beside the pickle: `("storage", class, key, device, elements)`.
    fn storage(&mut self) -> Result<(), String> {
        let id = self.pop()?;
        let wrong = || "it refers to something beside the pickle that is no storage".to_owned();
        let Some(&[mark, class, key, device, count]) = self.objects.tuple(id) else {
            return Err(wrong());
        };
        let count = count.count().ok_or_else(wrong)? as u64;
        if self.objects.text(mark) != Some("storage")
            || self.objects.global(class).is_none()
            || self.objects.text(key).is_none()
        {
            return Err(wrong());
        }
        let is_absent = self.objects.text(device) == Some("meta");
        let storage = Storage {
            class,
            key,
            count,
            is_absent,
        };
        self.push_object(Object::Storage(storage), 0)
    }

    /// REDUCE and NEWOBJ: what is below on the stack is called with the arguments above it.
    fn call(&mut self) -> Result<(), String> {
        let items = self.pop_many(2)?;
        let Some(name) = self.objects.global(items[0]) else {
            return Err("it calls something that has no name".to_owned());
        };
        let callable = Callable::of(name).ok_or_else(|| refused_call(name))?;
        let arguments = self.objects.tuple(items[1]).map(|tuple| match tuple {
            few if few.len() <= MOST_ARGUMENTS => few.to_vec(),
            _ => Vec::new(),
        });
        let arguments = arguments.ok_or("it calls something with what are no arguments")?;
        let value = callable.call(&mut self.objects, &arguments)?;
        self.push(value)
    }

    fn build(&mut self) -> Result<(), String> {
        let state = self.pop()?;
        let object = self.top()?;
        globals::build(&mut self.objects, object, state)
    }
}

/// What is said of a file that would call something.
fn refused_call(name: &str) -> String {
    format!(
        "loading it in Python would call `{}`, which is none of the functions that rebuild tensors. {STATE_DICT}",
        shortened(name)
    )
}

fn shortened(name: &str) -> String {
    let short: String = name.chars().take(SHOWN).collect();
    escaped(&short).into_owned()
}

#[cfg(test)]
#[path = "pickle_tests.rs"]
mod tests;
