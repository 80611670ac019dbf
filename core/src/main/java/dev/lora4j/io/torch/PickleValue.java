package dev.lora4j.io.torch;

import dev.lora4j.io.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A value on the stack of the pickle machine: data only, never code. */
sealed interface PickleValue {

  /** Returns its kind in words, for messages. */
  String kind();

  /** Python's {@code None}. */
  enum None implements PickleValue {
    NONE;

    @Override
    public String kind() {
      return "None";
    }
  }

  /** The start of a group of values. */
  enum Mark implements PickleValue {
    MARK;

    @Override
    public String kind() {
      return "a mark";
    }
  }

  record Text(String text) implements PickleValue {
    @Override
    public String kind() {
      return "the text '" + text + "'";
    }
  }

  record Whole(long number) implements PickleValue {
    @Override
    public String kind() {
      return "the number " + number;
    }
  }

  record Real(double number) implements PickleValue {
    @Override
    public String kind() {
      return "the number " + number;
    }
  }

  record Flag(boolean value) implements PickleValue {
    @Override
    public String kind() {
      return value ? "True" : "False";
    }
  }

  record Tuple(List<PickleValue> items) implements PickleValue {
    @Override
    public String kind() {
      return "a tuple of " + items.size();
    }
  }

  /** A list; grows while it is read. */
  record Items(List<PickleValue> items) implements PickleValue {
    Items() {
      this(new ArrayList<>());
    }

    @Override
    public String kind() {
      return "a list";
    }
  }

  /** A dict or OrderedDict; grows while it is read. */
  record Dict(Map<String, PickleValue> entries) implements PickleValue {
    Dict() {
      this(new LinkedHashMap<>());
    }

    @Override
    public String kind() {
      return "a dict";
    }
  }

  /** A function that a pickle may call. */
  enum Callable implements PickleValue {
    ORDERED_DICT,
    REBUILD_TENSOR,
    REBUILD_PARAMETER;

    @Override
    public String kind() {
      return "a function";
    }
  }

  /** A storage's type. */
  record StorageType(DType dtype) implements PickleValue {
    @Override
    public String kind() {
      return "a storage of " + dtype;
    }
  }

  /** A storage: an entry of the archive. */
  record Storage(DType dtype, String key, long elements) implements PickleValue {
    @Override
    public String kind() {
      return "the storage '" + key + "'";
    }
  }

  /**
   * A tensor: a strided view of a storage.
   *
   * @param offset the first element
   * @param sizes outermost dimension first
   * @param strides in elements, in the order of the sizes
   */
  record StridedTensor(Storage storage, long offset, List<Long> sizes, List<Long> strides)
      implements PickleValue {
    @Override
    public String kind() {
      return "a tensor";
    }
  }
}
