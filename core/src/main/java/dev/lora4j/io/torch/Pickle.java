package dev.lora4j.io.torch;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.torch.PickleValue.Callable;
import dev.lora4j.io.torch.PickleValue.Dict;
import dev.lora4j.io.torch.PickleValue.Flag;
import dev.lora4j.io.torch.PickleValue.Items;
import dev.lora4j.io.torch.PickleValue.Mark;
import dev.lora4j.io.torch.PickleValue.None;
import dev.lora4j.io.torch.PickleValue.Real;
import dev.lora4j.io.torch.PickleValue.StorageType;
import dev.lora4j.io.torch.PickleValue.Text;
import dev.lora4j.io.torch.PickleValue.Tuple;
import dev.lora4j.io.torch.PickleValue.Whole;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a pickle (protocols 2 to 5) of tensors. No code is loaded, and memory is bounded. */
final class Pickle {
  /** The allow-list of global names. */
  private static final Map<String, PickleValue> NAMES =
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

  private final Path file;
  private final PickleBytes bytes;
  private final PickleStack stack;

  private Pickle(Path file, byte[] pickle) {
    this.file = file;
    bytes = new PickleBytes(file, pickle);
    stack = new PickleStack(bytes);
  }

  /** Returns the value that a pickle describes, which may need nothing but tensors. */
  static PickleValue read(Path file, byte[] pickle) {
    return new Pickle(file, pickle).read();
  }

  private PickleValue read() {
    for (int opcode = bytes.unsignedByte(); opcode != '.'; opcode = bytes.unsignedByte()) {
      execute(opcode);
    }
    return stack.pop();
  }

  private void execute(int opcode) {
    switch (opcode) {
      // ---- literals ----
      case 'N' -> stack.push(None.NONE);
      case 0x88 -> stack.push(new Flag(true));
      case 0x89 -> stack.push(new Flag(false));
      case 'K' -> stack.push(new Whole(bytes.unsignedByte()));
      case 'M' -> stack.push(new Whole(bytes.unsignedShort()));
      case 'J' -> stack.push(new Whole(bytes.signedInt()));
      case 0x8a -> stack.push(new Whole(bytes.shortLong()));
      case 'G' -> stack.push(new Real(bytes.bigEndianDouble()));
      case 0x8c -> stack.push(new Text(bytes.text(bytes.unsignedByte())));
      case 'X' -> stack.push(new Text(bytes.text(bytes.unsignedInt())));
      case 0x8d -> stack.push(new Text(bytes.text(bytes.signedLong())));
      // ---- memory ----
      case 0x80 -> protocol(bytes.unsignedByte());
      case 0x95 -> bytes.signedLong(); // the length of a frame, which only streams need
      case 'q' -> stack.remember(bytes.unsignedByte());
      case 'r' -> stack.remember(bytes.unsignedInt());
      case 0x94 -> stack.rememberNext();
      case 'h' -> stack.recall(bytes.unsignedByte());
      case 'j' -> stack.recall(bytes.unsignedInt());
      case '0' -> stack.pop();
      // ---- containers ----
      case '(' -> stack.push(Mark.MARK);
      case ')' -> stack.push(new Tuple(List.of()));
      case 0x85 -> stack.push(new Tuple(stack.pop(1)));
      case 0x86 -> stack.push(new Tuple(stack.pop(2)));
      case 0x87 -> stack.push(new Tuple(stack.pop(3)));
      case 't' -> stack.push(new Tuple(stack.popToMark()));
      case ']' -> stack.push(new Items());
      case 'a' -> append(stack.pop(1));
      case 'e' -> append(stack.popToMark());
      case '}' -> stack.push(new Dict());
      case 's' -> putAll(stack.pop(2));
      case 'u' -> putAll(stack.popToMark());
      // ---- names ----
      case 'c' -> name(bytes.line(), bytes.line());
      case 0x93 -> {
        List<PickleValue> names = stack.pop(2);
        name(text(names.get(0)), text(names.get(1)));
      }
      case 'Q' -> stack.push(Rebuild.storage(bytes, stack.pop(Tuple.class)));
      case 'R' -> {
        Tuple arguments = stack.pop(Tuple.class);
        stack.push(Rebuild.call(bytes, stack.pop(Callable.class), arguments));
      }
      case 'b' -> {
        stack.pop(Dict.class); // the version metadata of a state dict
        stack.top(Dict.class);
      }
      default ->
          throw bytes.corrupt("found opcode 0x%02x, which no tensors need".formatted(opcode));
    }
  }

  private void protocol(int number) {
    if (number < 2 || number > 5) {
      throw bytes.corrupt("expected pickle protocol 2 to 5, found " + number);
    }
  }

  private void name(String module, String name) {
    String full = module + "." + name;
    stack.push(
        Optional.ofNullable(NAMES.get(full))
            .orElseThrow(
                () ->
                    new UserError(
                        "%s: asks to call %s, which tensors don't need; nothing was run. If you"
                                .formatted(file, full)
                            + " trust the file, save its tensors again as safetensors in Python")));
  }

  private void append(List<PickleValue> values) {
    stack.top(Items.class).items().addAll(values);
  }

  private void putAll(List<PickleValue> keysAndValues) {
    if (keysAndValues.size() % 2 != 0) {
      throw bytes.corrupt("expected a value for each key of a dict");
    }
    Dict dict = stack.top(Dict.class);
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      dict.entries().put(text(keysAndValues.get(i)), keysAndValues.get(i + 1));
    }
  }

  private String text(PickleValue value) {
    if (value instanceof Text text) {
      return text.text();
    }
    throw bytes.corrupt("expected a name, found " + value.kind());
  }
}
