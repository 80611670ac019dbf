package dev.lora4j.torchscript;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedNameOptional;
import org.bytedeco.pytorch.StringViewVectorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TupleType;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch.TypeKind;
import org.bytedeco.pytorch.named_module_iterator;
import org.bytedeco.pytorch.named_module_list;
import org.bytedeco.pytorch.named_parameter_iterator;
import org.bytedeco.pytorch.named_parameter_list;

/** A read-only view of one module in a script. Its objects belong to the caller's pointer scope. */
final class ScriptPart {
  private static final String ROOT = "__torch__.";
  private static final String MANGLED = "___torch_mangle_\\d+\\.";

  private ScriptPart() {}

  /** Returns the module's Python class, such as {@code torch.nn.modules.linear.Linear}. */
  static String pythonClass(JitModule part) {
    QualifiedNameOptional name = part.type().name();
    return name.has_value() ? unmangled(name.get().qualifiedName().getString()) : "";
  }

  /** Strips the number that distinguishes classes with the same name. */
  static String unmangled(String name) {
    String plain = name.replaceAll(MANGLED, "");
    return plain.startsWith(ROOT) ? plain.substring(ROOT.length()) : plain;
  }

  /** Returns its direct children, in order. */
  static Map<String, JitModule> children(JitModule part) {
    Map<String, JitModule> children = new LinkedHashMap<>();
    named_module_list list = part.named_children();
    named_module_iterator end = list.end();
    for (named_module_iterator i = list.begin(); i.notEquals(end); i.increment()) {
      children.put(i.access().name().getString(), new JitModule(i.access().value()));
    }
    return children;
  }

  /** Returns its own parameters, in order. */
  static Map<String, Tensor> parameters(JitModule part) {
    Map<String, Tensor> parameters = new LinkedHashMap<>();
    named_parameter_list list = part.named_parameters(false);
    named_parameter_iterator end = list.end();
    for (named_parameter_iterator i = list.begin(); i.notEquals(end); i.increment()) {
      parameters.put(i.access().name().getString(), new Tensor(i.access().value()));
    }
    return parameters;
  }

  /**
   * Returns a constant of its class, if the module was scripted and has a constant with this name.
   */
  static Optional<IValue> constant(JitModule part, String name) {
    return part.type().hasConstant(name)
        ? Optional.of(part.type().getConstant(name))
        : Optional.empty();
  }

  /** Returns the names of the outputs of its forward, if that returns a named tuple. */
  static List<String> outputNames(JitModule part) {
    List<String> names = new ArrayList<>();
    try (PointerScope scope = new PointerScope()) {
      if (part.find_method("forward").has_value()) {
        Type type = part.get_method("forward").graph().outputs().get(0).type().get();
        boolean isTuple = type.kind().intern() == TypeKind.TupleType;
        StringViewVectorOptional found =
            isTuple ? new TupleType(type).names() : new StringViewVectorOptional();
        for (long i = 0; found.has_value() && i < found.get().size(); i++) {
          names.add(found.get().get(i).getString());
        }
      }
    }
    return names;
  }
}
