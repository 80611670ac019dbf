package dev.lora4j.llm.tool;

import dev.lora4j.llm.tool.CallReader.Reading;
import java.util.ArrayList;
import java.util.List;

/**
 * Separates the tool calls of a streamed answer from its text. A text that may begin a call is kept
 * until it is certain. A call that is not valid JSON stays text.
 */
public final class ToolCallParser {
  private final ToolCallFormat format;
  private final CallReader reader;
  private String buffer = "";
  private boolean begun; // text other than white space has been returned, or a call

  /** Text, and the calls after it. */
  public record Parsed(String text, List<ToolCall> calls) {
    public Parsed {
      calls = List.copyOf(calls);
    }
  }

  public ToolCallParser(ToolCallFormat format) {
    this.format = format;
    reader = new CallReader(format);
  }

  /** Adds a piece of the answer and returns the text and the calls that are certain with it. */
  public Parsed add(String piece) {
    buffer += piece;
    return parse(false);
  }

  /** Returns the rest at the end of the answer. */
  public Parsed finish() {
    return parse(true);
  }

  private Parsed parse(boolean ended) {
    StringBuilder text = new StringBuilder();
    List<ToolCall> calls = new ArrayList<>();
    int at = nextCall();
    while (at >= 0) {
      Reading reading = reader.read(buffer.substring(at), ended);
      if (reading instanceof Reading.Calls found) {
        text.append(buffer.substring(0, at).stripTrailing());
        calls.addAll(found.calls());
        take(at + found.length());
      } else if (reading instanceof Reading.NoCall) {
        boolean marked = buffer.startsWith(format.marker(), at);
        int end = at + (marked ? format.marker().length() : 1);
        text.append(buffer, 0, end);
        take(end);
      } else {
        text.append(certain(at));
        return new Parsed(text.toString(), calls);
      }
      at = nextCall();
    }
    text.append(certain(ended ? buffer.length() : buffer.length() - partialMarker()));
    if (ended) {
      text.append(buffer);
      buffer = "";
    }
    return new Parsed(text.toString(), calls);
  }

  private void take(int length) {
    buffer = buffer.substring(length);
    begun = true;
  }

  /** The index at which a call can begin; −1 if there is none. */
  private int nextCall() {
    int marker = buffer.indexOf(format.marker());
    boolean wholeAnswer = format.needsNoMarker() && !begun && buffer.stripLeading().startsWith("{");
    return wholeAnswer ? buffer.indexOf('{') : marker;
  }

  /** Takes text up to an index, without the white space at its end. */
  private String certain(int end) {
    String text = buffer.substring(0, end).stripTrailing();
    if (!text.isEmpty()) {
      take(text.length());
    }
    return text;
  }

  /** The length of a beginning of the marker at the end of the buffer. */
  private int partialMarker() {
    String marker = format.marker();
    for (int length = Math.min(marker.length() - 1, buffer.length()); length > 0; length--) {
      if (buffer.endsWith(marker.substring(0, length))) {
        return length;
      }
    }
    return 0;
  }
}
