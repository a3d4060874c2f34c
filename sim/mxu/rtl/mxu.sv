// The array with its accumulator memory: the port contract of the generic testbench (pack_tb.sv).
//
// A vector that enters with address a adds its column sums, sign-extended, to accumulator row a
// (or replaces it, without `in_accumulate`), column c in clock ROWS + c after it entered.
module mxu #(
    parameter int ROWS = 16,
    parameter int COLS = 16,
    parameter int SUM_BITS = 32,
    parameter int ACC_BITS = 32,
    parameter int ACC_ROWS = 1024
) (
    input  logic                        clk,
    input  logic                        load,
    input  logic [COLS*8-1:0]           load_word,
    input  logic                        in_valid,
    input  logic                        in_switch,
    input  logic                        in_accumulate,
    input  logic [$clog2(ACC_ROWS)-1:0] in_address,
    input  logic [ROWS*8-1:0]           in_word,
    input  logic                        write,          // an initial accumulator row
    input  logic [$clog2(ACC_ROWS)-1:0] write_address,
    input  logic [COLS*ACC_BITS-1:0]    write_word,
    input  logic [$clog2(ACC_ROWS)-1:0] read_address,   // combinational read
    output logic [COLS*ACC_BITS-1:0]    read_word
);
  localparam int ADDRESS = $clog2(ACC_ROWS);
  localparam int DEPTH = ROWS + COLS;

  logic [COLS*SUM_BITS-1:0] sum_word;
  systolic_array #(
      .ROWS(ROWS),
      .COLS(COLS),
      .SUM_BITS(SUM_BITS)
  ) array_i (
      .clk(clk),
      .load(load),
      .load_word(load_word),
      .switch_in(in_valid && in_switch),
      .act_word(in_valid ? in_word : '0),
      .sum_word(sum_word)
  );

  logic valid[DEPTH];
  logic accumulate[DEPTH];
  logic [ADDRESS-1:0] address[DEPTH];
  always_ff @(posedge clk) begin
    valid[0] <= in_valid;
    accumulate[0] <= in_accumulate;
    address[0] <= in_address;
    for (int i = 1; i < DEPTH; i++) begin
      valid[i] <= valid[i-1];
      accumulate[i] <= accumulate[i-1];
      address[i] <= address[i-1];
    end
  end

  for (genvar c = 0; c < COLS; c++) begin : col
    localparam int AT = ROWS + c - 1;
    logic signed [ACC_BITS-1:0] memory[ACC_ROWS];
    logic signed [SUM_BITS-1:0] sum;
    assign sum = sum_word[c*SUM_BITS+:SUM_BITS];
    always_ff @(posedge clk) begin
      if (write) memory[write_address] <= write_word[c*ACC_BITS+:ACC_BITS];
      else if (valid[AT])
        memory[address[AT]] <= (accumulate[AT] ? memory[address[AT]] : '0) + ACC_BITS'(sum);
    end
    assign read_word[c*ACC_BITS+:ACC_BITS] = memory[read_address];
  end
endmodule
