//! Plans a cluster, cancels a plan from another thread, and shows an error, through the C ABI.
//!
//!     rustc -O plan.rs -L "$(pkg-config --variable=libdir plat)" && ./plan

use std::ffi::{c_char, c_void, CStr, CString};
use std::ptr::{null, null_mut};

/// What of plat.h this program uses.
mod ffi {
    use super::*;

    pub enum Cluster {}
    pub enum Plan {}
    pub enum Control {}

    #[repr(C)]
    pub struct Error {
        pub size: u32,
        pub status: i32,
        pub line: u32,
        pub column: u32,
        pub message: [c_char; 768],
        pub path: [c_char; 256],
        pub found: [c_char; 256],
        pub expected: [c_char; 256],
    }

    #[repr(C)]
    pub struct Rule {
        pub kind: u32,
        pub strength: u32,
        pub states: u32,
        pub level: u32,
        pub count: u32,
        pub near: u32,
    }

    #[repr(C)]
    pub struct ClusterArrays {
        pub size: u32,
        pub flags: u32,
        pub model: u32,
        pub key_function: u32,
        pub partition_count: u32,
        pub node_count: u32,
        pub counts: *const u32,
        pub node_names: *const *const c_char,
        pub node_weights: *const u64,
        pub node_capacities: *const u32,
        pub node_statuses: *const u8,
        pub level_count: u32,
        pub rule_count: u32,
        pub containers: *const u32,
        pub level_names: *const *const c_char,
        pub rules: *const Rule,
        pub rule_size: u32,
        pub fan_out_strength: u32,
        pub fan_out_outbound: u32,
        pub fan_out_inbound: u32,
        pub map: *const u32,
        pub map_slots: *const u32,
        pub map_revision: u64,
        pub partition_weights: *const u64,
        pub range_starts: *const u8,
        pub range_offsets: *const u32,
        pub partition_names: *const *const c_char,
    }

    pub type Progress = extern "C" fn(*mut c_void, *const c_char) -> i32;

    #[link(name = "plat")]
    extern "C" {
        pub fn plat_version() -> *const c_char;
        pub fn plat_status_name(status: i32) -> *const c_char;
        pub fn plat_cluster_from_arrays(arrays: *const ClusterArrays, cluster: *mut *mut Cluster, error: *mut Error) -> i32;
        pub fn plat_cluster_from_document(
            bytes: *const c_void, length: usize, name: *const c_char, cluster: *mut *mut Cluster, error: *mut Error,
        ) -> i32;
        pub fn plat_cluster_free(cluster: *mut Cluster);
        pub fn plat_plan_make(
            cluster: *const Cluster, earlier: *const Cluster, options: *const c_void, control: *mut Control,
            plan: *mut *mut Plan, error: *mut Error,
        ) -> i32;
        pub fn plat_plan_free(plan: *mut Plan);
        pub fn plat_plan_rows(plan: *const Plan, count: *mut usize) -> *const u32;
        pub fn plat_plan_moves_lower_bound(plan: *const Plan) -> u64;
        pub fn plat_plan_revision(plan: *const Plan) -> u64;
        pub fn plat_control_make(
            progress: Option<Progress>, context: *mut c_void, control: *mut *mut Control, error: *mut Error,
        ) -> i32;
        pub fn plat_control_cancel(control: *mut Control);
        pub fn plat_control_free(control: *mut Control);
    }
}

/// A call that failed, in words.
#[derive(Debug)]
struct Failure {
    status: String,
    message: String,
    path: String,
    line: u32,
}

fn text(bytes: &[c_char]) -> String {
    unsafe { CStr::from_ptr(bytes.as_ptr()) }.to_string_lossy().into_owned()
}

/// Makes a handle by a call that fills it or an error.
fn make<T>(call: impl FnOnce(*mut *mut T, *mut ffi::Error) -> i32) -> Result<*mut T, Failure> {
    let mut error: ffi::Error = unsafe { std::mem::zeroed() };
    error.size = std::mem::size_of::<ffi::Error>() as u32;
    let mut handle = null_mut();
    match call(&mut handle, &mut error) {
        0 => Ok(handle),
        status => Err(Failure {
            status: unsafe { CStr::from_ptr(ffi::plat_status_name(status)) }.to_string_lossy().into_owned(),
            message: text(&error.message),
            path: text(&error.path),
            line: error.line,
        }),
    }
}

/// A cluster that is freed with its owner. Clusters and plans never change, so threads may share them.
struct Cluster(*mut ffi::Cluster);
unsafe impl Send for Cluster {}
unsafe impl Sync for Cluster {}

impl Drop for Cluster {
    fn drop(&mut self) {
        unsafe { ffi::plat_cluster_free(self.0) }
    }
}

struct Plan(*mut ffi::Plan);

impl Drop for Plan {
    fn drop(&mut self) {
        unsafe { ffi::plat_plan_free(self.0) }
    }
}

impl Plan {
    /// The map, where it lies.
    fn rows(&self) -> &[u32] {
        let mut count = 0;
        unsafe { std::slice::from_raw_parts(ffi::plat_plan_rows(self.0, &mut count), count) }
    }
}

const WIDTH: usize = 3;

impl Cluster {
    fn new(nodes: u32, partitions: u32, zones: u32, statuses: Option<&[u8]>, map: Option<&[u32]>) -> Result<Cluster, Failure> {
        let counts = [1, 2, 0, 0];
        let containers: Vec<u32> = (0..nodes).map(|node| node * zones / nodes.max(1)).collect();
        let rule = ffi::Rule { kind: 1, strength: 1, states: 3, level: 0, count: 1, near: 0 };
        let mut arrays: ffi::ClusterArrays = unsafe { std::mem::zeroed() };
        arrays.size = std::mem::size_of::<ffi::ClusterArrays>() as u32;
        arrays.node_count = nodes;
        arrays.partition_count = partitions;
        arrays.counts = counts.as_ptr();
        arrays.level_count = 1;
        arrays.containers = containers.as_ptr();
        arrays.rule_count = 1;
        arrays.rules = &rule;
        arrays.rule_size = std::mem::size_of::<ffi::Rule>() as u32;
        arrays.node_statuses = statuses.map_or(null(), |statuses| statuses.as_ptr());
        if let Some(map) = map {
            assert_eq!(map.len(), partitions as usize * WIDTH);
            arrays.map = map.as_ptr();
            arrays.map_revision = 1;
        }
        make(|cluster, error| unsafe { ffi::plat_cluster_from_arrays(&arrays, cluster, error) }).map(Cluster)
    }

    fn from_document(document: &str, name: &str) -> Result<Cluster, Failure> {
        let name = CString::new(name).unwrap();
        make(|cluster, error| unsafe {
            ffi::plat_cluster_from_document(document.as_ptr().cast(), document.len(), name.as_ptr(), cluster, error)
        })
        .map(Cluster)
    }

    fn plan(&self, control: *mut ffi::Control) -> Result<Plan, Failure> {
        make(|plan, error| unsafe { ffi::plat_plan_make(self.0, null(), null(), control, plan, error) }).map(Plan)
    }
}

/// Told each stage: the first one opens the gate and waits until the other thread has cancelled.
extern "C" fn at_gate(context: *mut c_void, _stage: *const c_char) -> i32 {
    let gate = unsafe { &*(context as *const std::sync::Barrier) };
    gate.wait();
    gate.wait();
    0
}

fn cancelled(cluster: &Cluster) -> Result<Plan, Failure> {
    let gate = std::sync::Barrier::new(2);
    let context = &gate as *const _ as *mut c_void;
    let control = make(|control, error| unsafe { ffi::plat_control_make(Some(at_gate), context, control, error) })?;
    struct Shared(*mut ffi::Control);
    unsafe impl Send for Shared {}
    unsafe impl Sync for Shared {}
    let shared = Shared(control);
    let result = std::thread::scope(|scope| {
        let (shared, gate) = (&shared, &gate);
        scope.spawn(move || {
            gate.wait();
            unsafe { ffi::plat_control_cancel(shared.0) };
            gate.wait();
        });
        cluster.plan(control)
    });
    unsafe { ffi::plat_control_free(control) };
    result
}

fn main() -> Result<(), Failure> {
    println!("plat {}", unsafe { CStr::from_ptr(ffi::plat_version()) }.to_string_lossy());
    let fresh = Cluster::new(9, 300, 3, None, None)?;
    let first = fresh.plan(null_mut())?;
    let mut statuses = [0u8; 9];
    statuses[4] = 1; // it leaves
    let cluster = Cluster::new(9, 300, 3, Some(&statuses), Some(first.rows()))?;
    let next = cluster.plan(null_mut())?;
    let moves: usize = first.rows().chunks(WIDTH).zip(next.rows().chunks(WIDTH))
        .map(|(held, row)| row.iter().filter(|node| !held.contains(node)).count())
        .sum();
    assert!(!next.rows().contains(&4));
    let (bound, revision) = unsafe { (ffi::plat_plan_moves_lower_bound(next.0), ffi::plat_plan_revision(next.0)) };
    println!("revision {revision}: {moves} moves, at least {bound}");

    match cancelled(&fresh) {
        Ok(_) => println!("it was not cancelled"),
        Err(failure) => println!("from another thread: {}", failure.status),
    }
    if let Err(failure) = Cluster::from_document("{ \"plat\": 1,\n\"nodes\": { \"a\": { \"wait\": 1 } } }", "wrong.json") {
        println!("{} in line {}, {}: {}", failure.status, failure.line, failure.path, failure.message);
    }
    Ok(())
}
