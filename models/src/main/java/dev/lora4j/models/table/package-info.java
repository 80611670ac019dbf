/** Tables of numbers as examples. What enters here reads another kind of table file. */
@NullMarked
package dev.lora4j.models.table;

import org.jspecify.annotations.NullMarked;
