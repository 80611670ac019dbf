package dev.lora4j.io.torch;

import dev.lora4j.io.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A value on the stack of the pickle machine: data only, never code. */
sealed interface PickleValue {

  /** Returns its kind in words, for messages. */
  default String kind() {
    if (this instanceof Text text) {
      return "the text '" + text.text + "'";
    } else if (this instanceof Whole whole) {
      return "the number " + whole.number;
    } else if (this instanceof Real real) {
      return "the number " + real.number;
    } else if (this instanceof Flag flag) {
      return flag.value ? "True" : "False";
    } else if (this instanceof Tuple tuple) {
      return "a tuple of " + tuple.items.size();
    } else if (this instanceof StorageType type) {
      return "a storage of " + type.dtype;
    } else if (this instanceof Storage storage) {
      return "the storage '" + storage.key + "'";
    }
    return NAMES.getOrDefault(getClass(), "None");
  }

  Map<Class<? extends PickleValue>, String> NAMES =
      Map.of(
          Mark.class, "a mark",
          Items.class, "a list",
          Dict.class, "a dict",
          Callable.class, "a function",
          StridedTensor.class, "a tensor");

  /** Python's {@code None}. */
  enum None implements PickleValue {
    NONE
  }

  /** The start of a group of values. */
  enum Mark implements PickleValue {
    MARK
  }

  record Text(String text) implements PickleValue {}

  record Whole(long number) implements PickleValue {}

  record Real(double number) implements PickleValue {}

  record Flag(boolean value) implements PickleValue {}

  record Tuple(List<PickleValue> items) implements PickleValue {}

  /** A list; grows while it is read. */
  record Items(List<PickleValue> items) implements PickleValue {
    Items() {
      this(new ArrayList<>());
    }
  }

  /** A dict or OrderedDict; grows while it is read. */
  record Dict(Map<String, PickleValue> entries) implements PickleValue {
    Dict() {
      this(new LinkedHashMap<>());
    }
  }

  /** A function that a pickle may call. */
  enum Callable implements PickleValue {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_PARAMETER
  }

  record StorageType(DType dtype) implements PickleValue {}

  /** A storage: an entry of the archive. */
  record Storage(DType dtype, String key, long elements) implements PickleValue {}

  /** A tensor: a strided view of a storage, outermost dimension first, in elements. */
  record StridedTensor(Storage storage, long offset, List<Long> sizes, List<Long> strides)
      implements PickleValue {}
}
