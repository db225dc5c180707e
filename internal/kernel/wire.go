package kernel

import (
	"encoding/binary"
	"unsafe"
)

// The structures of sock_diag, field by field as in linux/inet_diag.h and
// linux/unix_diag.h. x/sys/unix doesn't have them. All are free of padding.
type (
	inetSockID struct {
		localPort, remotePort [2]byte  // big endian
		local, remote         [16]byte // big endian, IPv4 in the first four
		device                uint32
		cookie                [2]uint32
	}

	inetRequest struct { // inet_diag_req_v2
		family, protocol, extensions, _ uint8
		states                          uint32 // bit mask of 1 << state
		id                              inetSockID
	}

	inetMessage struct { // inet_diag_msg
		family, state, timer, retransmits uint8
		id                                inetSockID
		expires                           uint32
		recvQueue, sendQueue              uint32
		uid, inode                        uint32
	}

	unixRequest struct { // unix_diag_req
		family, protocol uint8
		_                uint16
		states           uint32 // bit mask of 1 << state
		inode            uint32
		show             uint32
		cookie           [2]uint32
	}

	unixMessage struct { // unix_diag_msg
		family, kind, state, _ uint8
		inode                  uint32
		cookie                 [2]uint32
	}

	unixQueueLengths struct { // unix_diag_rqlen
		recvQueue, sendQueue uint32
	}
)

// The attributes and flags of the headers that are used here.
const (
	sockDestroy = 21 // SOCK_DESTROY, of linux/sock_diag.h

	inetDiagInfo   = 2 // INET_DIAG_INFO: struct tcp_info
	inetDiagMemory = 7 // INET_DIAG_SKMEMINFO: SK_MEMINFO_VARS times an u32

	memoryDrops = 8 // SK_MEMINFO_DROPS

	unixDiagName     = 0 // UNIX_DIAG_NAME: sun_path
	unixDiagPeer     = 2 // UNIX_DIAG_PEER: inode
	unixDiagQueues   = 4 // UNIX_DIAG_RQLEN
	unixDiagShutdown = 6 // UNIX_DIAG_SHUTDOWN: one byte, comes unasked

	unixReceive = 1 // RCV_SHUTDOWN
	unixSend    = 2 // SEND_SHUTDOWN

	unixShowName   = 1 << 0 // UDIAG_SHOW_NAME
	unixShowPeer   = 1 << 2 // UDIAG_SHOW_PEER
	unixShowQueues = 1 << 4 // UDIAG_SHOW_RQLEN
)

const (
	inetMessageSize = int(unsafe.Sizeof(inetMessage{}))
	unixMessageSize = int(unsafe.Sizeof(unixMessage{}))
)

func cookie(half [2]uint32) uint64 { return uint64(half[1])<<32 | uint64(half[0]) }

// encode shows a C structure as the bytes the kernel wants.
func encode[T any](value T) []byte {
	return append([]byte(nil), bytesOf(&value)...)
}

// decode lays data over a C structure. Bytes that are missing stay zero, bytes
// too many are ignored: structures grow from kernel to kernel, at their end.
func decode[T any](data []byte) (value T, complete bool) {
	memory := bytesOf(&value)
	return value, copy(memory, data) == len(memory)
}

// bytesOf exists because encoding/binary takes fifty times as long, measured as
// 0.6 µs for one tcp_info: a third more for a long listing. T must hold no pointers.
func bytesOf[T any](value *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(value)), unsafe.Sizeof(*value))
}

// attribute finds the payload of the first attribute of a kind in a list of
// netlink attributes; nil when there is none or the list is broken before it.
func attribute(list []byte, kind uint16) []byte {
	const header = 4 // length, which includes the header, and kind
	for len(list) >= header {
		length := int(binary.NativeEndian.Uint16(list))
		if length < header || length > len(list) {
			return nil
		}
		if binary.NativeEndian.Uint16(list[2:]) == kind {
			return list[header:length]
		}
		list = list[min((length+3)&^3, len(list)):] // each begins at a multiple of four
	}
	return nil
}
