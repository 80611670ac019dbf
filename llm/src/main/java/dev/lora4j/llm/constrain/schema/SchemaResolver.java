package dev.lora4j.llm.constrain.schema;

import static dev.lora4j.llm.constrain.schema.Keywords.wrong;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Resolves {@code $ref} and {@code allOf}: a schema and those that it refers to become one. */
final class SchemaResolver {
  private static final int MAX_KEYWORDS = 200_000;

  private final JsonNode root;
  private int keywords;

  SchemaResolver(JsonNode root) {
    this.root = root;
  }

  /**
   * Returns a schema without references, {@code allOf} and annotations: an object, or {@code false}
   * if no value fits.
   *
   * @throws UserError if a keyword is not supported, or schemas can't be combined
   */
  JsonNode resolve(JsonNode schema, String path) {
    List<ObjectNode> parts = new ArrayList<>();
    if (!collect(schema, path, new HashSet<>(), parts)) {
      return BooleanNode.FALSE;
    }
    ObjectNode whole = JsonNodeFactory.instance.objectNode();
    for (ObjectNode part : parts) {
      keywords += whole.size() + part.size();
      if (keywords > MAX_KEYWORDS) {
        throw new UserError("the schema is too large: more than " + MAX_KEYWORDS + " keywords");
      }
      SchemaMerge.merge(whole, part, path);
    }
    return whole;
  }

  /** Returns false if no value fits. */
  private boolean collect(
      JsonNode schema, String path, Set<String> followed, List<ObjectNode> parts) {
    if (schema.isBoolean()) {
      return schema.booleanValue();
    }
    if (!(schema instanceof ObjectNode object)) {
      throw wrong(path, "expected an object or a boolean, found " + schema.getNodeType());
    }
    Keywords.check(object, path);
    JsonNode reference = object.get(Keywords.REF);
    if (reference != null) {
      if (!followed.add(reference.asText())) {
        throw wrong(path, "$ref " + reference.asText() + " refers to itself");
      }
      if (!collect(target(reference, path), reference.asText(), followed, parts)) {
        return false;
      }
      followed.remove(reference.asText());
    }
    JsonNode all = object.path(Keywords.ALL_OF);
    for (int i = 0; i < all.size(); i++) {
      String place = path + "/allOf/" + i;
      if (!collect(all.get(i), place, followed, parts)) {
        return false;
      }
    }
    ObjectNode own = object.deepCopy();
    own.remove(List.of(Keywords.REF, Keywords.ALL_OF));
    object.fieldNames().forEachRemaining(name -> removeAnnotation(own, name));
    JsonNode only = own.remove(Keywords.CONST);
    if (only != null) {
      ObjectNode value = JsonNodeFactory.instance.objectNode();
      value.putArray(Keywords.ENUM).add(only);
      parts.add(value);
    }
    parts.add(own);
    return true;
  }

  private static void removeAnnotation(ObjectNode schema, String name) {
    if (Keywords.isAnnotation(name) || name.equals("uniqueItems")) {
      schema.remove(name);
    }
  }

  private JsonNode target(JsonNode reference, String path) {
    String text = reference.asText();
    if (!reference.isTextual() || !text.startsWith("#")) {
      throw wrong(
          path, "$ref: expected a place in the schema such as #/$defs/NAME, found " + reference);
    }
    JsonNode target;
    try {
      String pointer =
          URLDecoder.decode(text.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
      target = root.at(JsonPointer.compile(pointer));
    } catch (IllegalArgumentException e) {
      throw wrong(path, "$ref: " + text + " is not a place in the schema");
    }
    if (target.isMissingNode()) {
      throw wrong(path, "$ref: there is no " + text);
    }
    return target;
  }
}
