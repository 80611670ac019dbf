package dev.lora4j.cli.options;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.Unreadable;
import dev.lora4j.io.WholeFile;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * A command's options in a YAML file: keys are option names without dashes, values are as on the
 * command line, or lists of such values. The file is read as text only; it constructs no objects.
 */
public final class ConfigFile {
  private static final int MAX_BYTES = 1 << 20;

  private final Path file;
  private final Collection<String> known;
  private final FormerNames names;

  private ConfigFile(Path file, Collection<String> known) {
    this.file = file;
    this.known = known;
    names = new FormerNames(known);
  }

  /**
   * Reads the values by option name.
   *
   * @param known the options that a file may set; their former names are accepted too
   * @throws UserError naming the line of a key that is unknown, is repeated, or has no value
   * @throws CorruptFile if the file is not YAML
   */
  public static Map<String, String> read(Path file, Collection<String> known) {
    return new ConfigFile(file, known).read();
  }

  private Map<String, String> read() {
    Map<String, String> values = new LinkedHashMap<>();
    Map<String, String> keys = new HashMap<>();
    Node root = root();
    if (!(root instanceof MappingNode mapping)) {
      throw mistake(root, "expected keys with values, such as 'rank: 8'");
    }
    for (NodeTuple entry : mapping.getValue()) {
      String key = key(entry.getKeyNode());
      String option = option(entry.getKeyNode(), key);
      String before = keys.put(option, key);
      if (before != null) {
        throw mistake(
            entry.getKeyNode(),
            before.equals(key)
                ? "'" + key + "' is repeated"
                : "'%s' and '%s' are the same option".formatted(before, key));
      }
      values.put(option, value(key, entry.getValueNode()));
    }
    return values;
  }

  private Node root() {
    Node root;
    try {
      Yaml yaml = new Yaml(new SafeConstructor(new LoaderOptions()));
      root = yaml.compose(new StringReader(text()));
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1;
      throw new CorruptFile(file, "line " + line + ": invalid YAML: " + e.getProblem(), e);
    } catch (YAMLException e) { // a limit, or a control character
      throw new CorruptFile(file, "invalid YAML: " + firstLine(e), e);
    }
    if (root == null) {
      throw new UserError(file + " is empty");
    }
    return root;
  }

  private String text() {
    try {
      ByteBuffer content = ByteBuffer.wrap(WholeFile.read(file, MAX_BYTES));
      return StandardCharsets.UTF_8.newDecoder().decode(content).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptFile(file, "it is not UTF-8 text", e);
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }

  private static String firstLine(YAMLException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private String key(Node key) {
    if (!(key instanceof ScalarNode scalar)) {
      throw mistake(key, "expected a key, found a " + key.getNodeId());
    }
    return scalar.getValue().replace('_', '-');
  }

  private String option(Node node, String key) {
    String option = names.current(key);
    if (!known.contains(option)) {
      String hint = names.hint(key, "");
      throw mistake(
          node, "unknown key '" + key + "'" + (hint.isEmpty() ? NearMiss.hint(key, known) : hint));
    }
    return option;
  }

  private String value(String option, Node node) {
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue().stream()
          .map(item -> scalar(option, item))
          .collect(Collectors.joining(","));
    }
    return scalar(option, node);
  }

  private String scalar(String option, Node node) {
    if (!(node instanceof ScalarNode scalar) || scalar.getValue().isEmpty()) {
      throw mistake(node, "'" + option + "': expected a value");
    }
    return scalar.getValue();
  }

  private UserError mistake(Node node, String problem) {
    int line = node.getStartMark().getLine() + 1;
    return new UserError("%s, line %d: %s".formatted(file, line, problem));
  }
}
