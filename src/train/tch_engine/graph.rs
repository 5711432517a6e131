//! Work on a GPU that is recorded once and then launched as one, so that the cost of launching each of its kernels is paid once: a
//! CUDA graph, through libtorch's own class, by the names that C++ gives its functions.

use std::ffi::{c_int, c_void};

use libloading::os::unix::{Library, Symbol};
use tch::TchError;

use super::Torch;

/// Errors of other threads' work do not end a recording (`cudaStreamCaptureModeThreadLocal`).
const BY_THREAD: c_int = 1;
/// Bytes for libtorch's object, whose size C++ alone knows: some hundreds.
const ROOM: usize = 8192;

/// `c10::cuda::CUDAStream`: a device, and a number.
#[repr(C)]
#[derive(Clone, Copy)]
struct CudaStream(u64, i64);

/// The functions of libtorch's part for GPUs that recording needs.
struct Functions {
    stream_of_pool: Symbol<unsafe extern "C" fn(bool, i8) -> CudaStream>,
    present_stream: Symbol<unsafe extern "C" fn(i8) -> CudaStream>,
    set_stream: Symbol<unsafe extern "C" fn(CudaStream)>,
    construct: Symbol<unsafe extern "C" fn(*mut c_void, bool)>,
    destroy: Symbol<unsafe extern "C" fn(*mut c_void)>,
    /// With a pool of memory, `std::pair<uint64_t, uint64_t>`, of which zeros are a new one, and a mode.
    begin: Symbol<unsafe extern "C" fn(*mut c_void, u64, u64, c_int)>,
    end: Symbol<unsafe extern "C" fn(*mut c_void)>,
    replay: Symbol<unsafe extern "C" fn(*mut c_void)>,
}

impl Functions {
    /// None if this version of libtorch lacks one.
    fn load() -> Option<Self> {
        let library = Library::this();
        // SAFETY: these are the signatures of the functions in libtorch 2.11 to 2.13; another signature has another name.
        unsafe {
            Some(Self {
                stream_of_pool: library.get(b"_ZN3c104cuda17getStreamFromPoolEba\0").ok()?,
                present_stream: library
                    .get(b"_ZN3c104cuda20getCurrentCUDAStreamEa\0")
                    .ok()?,
                set_stream: library
                    .get(b"_ZN3c104cuda20setCurrentCUDAStreamENS0_10CUDAStreamE\0")
                    .ok()?,
                construct: library.get(b"_ZN2at4cuda9CUDAGraphC1Eb\0").ok()?,
                destroy: library.get(b"_ZN2at4cuda9CUDAGraphD1Ev\0").ok()?,
                begin: library
                    .get(b"_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode\0")
                    .ok()?,
                end: library.get(b"_ZN2at4cuda9CUDAGraph11capture_endEv\0").ok()?,
                replay: library.get(b"_ZN2at4cuda9CUDAGraph6replayEv\0").ok()?,
            })
        }
    }
}

/// Launches the work of one training in order, on a stream of its own, which recording needs.
pub(super) struct Launcher {
    functions: Functions,
    device: i8,
    stream: CudaStream,
    recording: Option<Box<[u64; ROOM / 8]>>,
}

impl Launcher {
    /// None on a CPU, and where this version of libtorch cannot record.
    pub(super) fn new(device: tch::Device) -> Option<Self> {
        let tch::Device::Cuda(device) = device else {
            return None;
        };
        let device = i8::try_from(device).ok()?;
        let functions = Functions::load()?;
        // SAFETY: libtorch's part for GPUs is loaded, and the device is there.
        let stream = unsafe { (functions.stream_of_pool)(false, device) };
        Some(Self {
            functions,
            device,
            stream,
            recording: None,
        })
    }

    /// All work of this thread goes to the stream until the answer is dropped, and must be done by then.
    pub(super) fn enter(&self) -> OnStream {
        // SAFETY: the device is there, and both streams live as long as the process.
        unsafe {
            let before = (self.functions.present_stream)(self.device);
            (self.functions.set_stream)(self.stream);
            OnStream {
                set_stream: self.functions.set_stream.clone(),
                before,
            }
        }
    }

    /// Records work instead of doing it. To be called on the stream; the work must neither wait for the GPU nor read from the host,
    /// and its tensors hold what they are to hold after each [`replay`](Self::replay).
    ///
    /// # Errors
    /// Those of the work. The stream then cannot be used any more.
    pub(super) fn record<R>(&mut self, work: impl FnOnce() -> Torch<R>) -> Torch<R> {
        self.forget();
        let mut object = Box::new([0; ROOM / 8]);
        let place = object.as_mut_ptr().cast();
        // SAFETY: the object has room enough, stays in its place until it is destroyed, and is used in the order that it asks for.
        unsafe {
            (self.functions.construct)(place, false);
            (self.functions.begin)(place, 0, 0, BY_THREAD);
            let made = work();
            if made.is_err() {
                // libtorch still refers to the object, and would throw if it were asked to end what has failed.
                std::mem::forget(object);
                return made;
            }
            (self.functions.end)(place);
            self.recording = Some(object);
            made
        }
    }

    /// Does what was recorded.
    ///
    /// # Errors
    /// Nothing was.
    pub(super) fn replay(&mut self) -> Torch<()> {
        let Some(object) = &mut self.recording else {
            return Err(TchError::Torch("nothing was recorded".to_owned()));
        };
        // SAFETY: the object holds a whole recording.
        unsafe { (self.functions.replay)(object.as_mut_ptr().cast()) };
        Ok(())
    }

    /// Gives up what was recorded, with the memory of its tensors.
    pub(super) fn forget(&mut self) {
        if let Some(mut object) = self.recording.take() {
            // SAFETY: it was constructed, and nothing refers to it any more.
            unsafe { (self.functions.destroy)(object.as_mut_ptr().cast()) };
        }
    }
}

/// Gives the thread its stream back.
pub(super) struct OnStream {
    set_stream: Symbol<unsafe extern "C" fn(CudaStream)>,
    before: CudaStream,
}

impl Drop for OnStream {
    fn drop(&mut self) {
        // SAFETY: a stream that this thread had.
        unsafe { (self.set_stream)(self.before) };
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.forget();
    }
}
