package dev.lora4j.torchscript;

import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.GenericDict;
import org.bytedeco.pytorch.GenericDictIterator;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.TupleElements;
import org.bytedeco.pytorch.global.torch;

/**
 * Conversion between {@link ScriptValue} and libtorch's IValue objects, which belong to the
 * caller's pointer scope.
 */
final class ScriptValues {
  /** The Java binding can read dictionaries but cannot create them; a script can. */
  private static final String MAKE_DICTIONARY =
      """
      def make() -> Dict[str, Tensor]:
        made : Dict[str, Tensor] = {}
        return made
      def put(made: Dict[str, Tensor], name: str, value: Tensor):
        made[name] = value
      """;

  private ScriptValues() {}

  static IValueVector box(ScriptValue... values) {
    IValueVector boxed = new IValueVector();
    for (ScriptValue value : values) {
      boxed.push_back(box(value));
    }
    return boxed;
  }

  private static IValue box(ScriptValue value) {
    if (value instanceof ScriptValue.Row row) {
      return new IValue(Tuple.create(box(row.values().toArray(ScriptValue[]::new))));
    }
    return value instanceof ScriptValue.Named named ? box(named) : new IValue(value.tensor());
  }

  private static IValue box(ScriptValue.Named named) {
    CompilationUnit unit = torch.compile(MAKE_DICTIONARY);
    IValue made = call(unit, "make");
    named
        .values()
        .forEach(
            (name, value) -> call(unit, "put", made, new IValue(name), new IValue(value.tensor())));
    return made;
  }

  private static IValue call(CompilationUnit unit, String function, IValue... arguments) {
    IValueVector boxed = new IValueVector();
    for (IValue argument : arguments) {
      boxed.push_back(argument);
    }
    return unit.find_function(new QualifiedName(function)).apply(boxed);
  }

  /**
   * Converts an IValue.
   *
   * @throws UserError if it is neither a tensor nor a container of tensors
   */
  static ScriptValue unbox(IValue boxed) {
    if (boxed.isTensor()) {
      return ScriptValue.of(new Tensor(boxed.toTensor()));
    }
    if (boxed.isTuple()) {
      TupleElements elements = boxed.toTupleRef().elements();
      List<ScriptValue> values = new ArrayList<>();
      for (long i = 0; i < elements.size(); i++) {
        values.add(unbox(elements.at(i)));
      }
      return new ScriptValue.Row(values);
    }
    if (boxed.isTensorList() || boxed.isList()) {
      return unboxList(new GenericList(boxed.toList()));
    }
    if (boxed.isGenericDict()) {
      return unboxDictionary(boxed.toGenericDict());
    }
    throw new UserError(
        "the script returns a " + boxed.tagKind().getString() + ", which is not supported");
  }

  private static ScriptValue unboxList(GenericList list) {
    List<ScriptValue> values = new ArrayList<>();
    for (long i = 0; i < list.size(); i++) {
      values.add(unbox(list.get(i)));
    }
    return new ScriptValue.Row(values);
  }

  private static ScriptValue unboxDictionary(GenericDict dictionary) {
    Map<String, ScriptValue> values = new LinkedHashMap<>();
    GenericDictIterator end = dictionary.end();
    for (GenericDictIterator i = dictionary.begin(); i.notEquals(end); i.increment()) {
      IValue key = i.access().key();
      if (!key.isString()) {
        throw new UserError(
            "the script returns a dictionary with keys that are not strings but "
                + key.tagKind().getString());
      }
      values.put(key.toStringRef().getString(), unbox(i.access().value()));
    }
    return new ScriptValue.Named(values);
  }
}
