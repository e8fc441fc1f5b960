// Fixed-width and variable-length integers in byte strings. On disk and in the log integers are
// little-endian; in keys they are big-endian, so that memcmp orders them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace stoa {

inline constexpr size_t kVarint64BytesMax = 10;

template <typename T>
inline T ByteSwap(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
}

/// Reads or writes an integer of T's width at an unaligned address.
template <typename T>
inline T LoadLittle(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::big) value = ByteSwap(value);
  return value;
}
template <typename T>
inline void StoreLittle(void* to, T value) {
  if constexpr (std::endian::native == std::endian::big) value = ByteSwap(value);
  std::memcpy(to, &value, sizeof(T));
}
template <typename T>
inline T LoadBig(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) value = ByteSwap(value);
  return value;
}
template <typename T>
inline void StoreBig(void* to, T value) {
  if constexpr (std::endian::native == std::endian::little) value = ByteSwap(value);
  std::memcpy(to, &value, sizeof(T));
}

template <typename T>
inline void AppendLittle(std::string* out, T value) {
  char bytes[sizeof(T)];
  StoreLittle(bytes, value);
  out->append(bytes, sizeof(T));
}
template <typename T>
inline void AppendBig(std::string* out, T value) {
  char bytes[sizeof(T)];
  StoreBig(bytes, value);
  out->append(bytes, sizeof(T));
}

/// LEB128: seven bits a byte, least significant first. Writes at most kVarint64BytesMax bytes and
/// returns the end of what was written.
inline char* StoreVarint(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}
inline void AppendVarint(std::string* out, uint64_t value) {
  char bytes[kVarint64BytesMax];
  out->append(bytes, static_cast<size_t>(StoreVarint(bytes, value) - bytes));
}
inline size_t VarintSize(uint64_t value) {
  return value == 0 ? 1 : (static_cast<size_t>(std::bit_width(value)) + 6) / 7;
}
inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}
inline void AppendLengthPrefixed(std::string* out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out->append(bytes);
}

/// Reads integers and byte strings off the front of a byte string that may be damaged: every read says
/// whether it stayed inside. After a failed read the decoder is spent: all later reads fail too, so a
/// run of reads may be checked once at its end with ok().
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : p_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  /// True when everything was read without error.
  bool Done() const { return ok_ && p_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - p_); }
  std::string_view rest() const { return std::string_view(p_, remaining()); }

  template <typename T>
  bool Little(T* value) {
    if (remaining() < sizeof(T)) return Fail();
    *value = LoadLittle<T>(p_);
    p_ += sizeof(T);
    return true;
  }
  template <typename T>
  bool Big(T* value) {
    if (remaining() < sizeof(T)) return Fail();
    *value = LoadBig<T>(p_);
    p_ += sizeof(T);
    return true;
  }
  /// Refuses encodings longer than necessary, so that equal values have one encoding.
  bool Varint(uint64_t* value) {
    if (p_ != end_ && static_cast<unsigned char>(*p_) < 0x80) [[likely]] {
      *value = static_cast<unsigned char>(*p_++);
      return true;
    }
    return VarintSlow(value);
  }
  template <typename T>
  requires(sizeof(T) < 8) bool Varint(T* value) {
    uint64_t wide = 0;
    if (!Varint(&wide) || wide > static_cast<uint64_t>(static_cast<T>(~T{0}))) return Fail();
    *value = static_cast<T>(wide);
    return true;
  }
  bool SignedVarint(int64_t* value) {
    uint64_t zigzag = 0;
    if (!Varint(&zigzag)) return false;
    *value = UnZigZag(zigzag);
    return true;
  }
  /// The view points into the decoder's bytes.
  bool Bytes(size_t size, std::string_view* bytes) {
    if (remaining() < size) return Fail();
    *bytes = std::string_view(p_, size);
    p_ += size;
    return true;
  }
  /// REQUIRES: size <= remaining().
  void Skip(size_t size) { p_ += size; }
  bool LengthPrefixed(std::string_view* bytes) {
    uint64_t size = 0;
    return Varint(&size) && (size <= remaining() || Fail()) && Bytes(static_cast<size_t>(size), bytes);
  }

 private:
  bool Fail() {
    ok_ = false;
    p_ = end_;
    return false;
  }
  bool VarintSlow(uint64_t* value);

  const char* p_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace stoa
