package dev.lora4j.io.torch;

import dev.lora4j.io.DType;
import dev.lora4j.io.torch.PickleValue.Callable;
import dev.lora4j.io.torch.PickleValue.StorageType;
import java.util.Map;
import java.util.Optional;

/** The allow-list of global names in a pickle of tensors. */
final class Names {
  private static final Map<String, PickleValue> KNOWN =
      Map.ofEntries(
          Map.entry("collections.OrderedDict", Callable.ORDERED_DICT),
          Map.entry("torch._utils._rebuild_tensor_v2", Callable.REBUILD_TENSOR),
          Map.entry("torch._utils._rebuild_parameter", Callable.REBUILD_PARAMETER),
          Map.entry("torch.DoubleStorage", new StorageType(DType.F64)),
          Map.entry("torch.FloatStorage", new StorageType(DType.F32)),
          Map.entry("torch.HalfStorage", new StorageType(DType.F16)),
          Map.entry("torch.BFloat16Storage", new StorageType(DType.BF16)),
          Map.entry("torch.LongStorage", new StorageType(DType.I64)),
          Map.entry("torch.IntStorage", new StorageType(DType.I32)),
          Map.entry("torch.ShortStorage", new StorageType(DType.I16)),
          Map.entry("torch.CharStorage", new StorageType(DType.I8)),
          Map.entry("torch.ByteStorage", new StorageType(DType.U8)),
          Map.entry("torch.BoolStorage", new StorageType(DType.BOOL)));

  private Names() {}

  static Optional<PickleValue> find(String name) {
    return Optional.ofNullable(KNOWN.get(name));
  }
}
