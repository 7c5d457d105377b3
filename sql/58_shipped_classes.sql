-- The classes that come with the extension. None requires an attribute: a class of yours that extends one, also under its name, may.
-- Tags and codes are those of FIX 4.4 (volume 6), and of 5.0 SP2 where a code is younger.
INSERT INTO oms.asset_classes (name, builtin, definition) VALUES
  ('equity', true, $json${
    "description": "Shares and what is traded like them",
    "securityTypes": ["CS", "PS"], "products": [5],
    "attributes": {
      "securityID": {"type": "text", "max": 64, "tag": 48, "description": "Id of the instrument, in the source's scheme"},
      "securityIDSource": {"type": "text", "max": 8, "tag": 22, "description": "Scheme of the id: 1 CUSIP, 2 SEDOL, 4 ISIN, 5 RIC, 8 exchange symbol"},
      "securityExchange": {"type": "text", "max": 32, "tag": 207, "description": "Market of the listing, as MIC"},
      "cfiCode": {"type": "text", "max": 6, "tag": 461, "description": "Classification of the instrument (ISO 10962)"},
      "locateRequired": {"type": "boolean", "tag": 114, "description": "Must the broker find the shares that are sold short?"},
      "roundLot": {"type": "number", "min": 0.000001, "tag": 561, "description": "Shares of a round lot: allocations keep to it"}
    }}$json$),
  ('fx', true, $json${
    "description": "Foreign exchange: spot, forwards, swaps. The symbol is the pair, the quantity an amount of the order's currency",
    "securityTypes": ["FOR", "FXSPOT", "FXFWD", "FXSWAP", "FXNDF"], "products": [4], "currencyPairs": true,
    "attributes": {
      "currencyPair": {"type": "pattern", "pattern": "[A-Z]{3}[/.]?[A-Z]{3}", "tag": 55, "description": "Base currency and quote currency"},
      "dealType": {"type": "enumeration", "allowed": ["SPOT", "FORWARD", "SWAP", "NDF", "UNSPECIFIED"], "tag": 167,
                   "codes": {"FXSPOT": "SPOT", "FXFWD": "FORWARD", "FXSWAP": "SWAP", "FXNDF": "NDF", "FOR": "UNSPECIFIED"}, "description": "What is dealt"},
      "valueDate": {"type": "date", "tag": 64, "description": "When it settles; of a swap its near leg"},
      "farValueDate": {"type": "date", "tag": 193, "description": "When the far leg of a swap settles"},
      "tenor": {"type": "text", "max": 8, "tag": 63, "description": "SettlType (63): 0 regular (spot), 1 cash, 2 next day, or a tenor as M3"},
      "fixingDate": {"type": "date", "description": "When an NDF is fixed"},
      "settlCurrency": {"type": "pattern", "pattern": "[A-Z]{3}", "tag": 120, "description": "Currency in which it settles"}
    },
    "executionAttributes": {
      "spotRate": {"type": "number", "tag": 194, "description": "Spot rate of the fill, in quote currency for one of the base"},
      "forwardPoints": {"type": "number", "tag": 195, "description": "Forward points of the fill, in the unit of its price: its price is spot rate and points"},
      "valueDate": {"type": "date", "tag": 64, "description": "When it settles; of a swap its near leg"}
    }}$json$),
  ('future', true, $json${
    "description": "Futures; the quantity counts contracts",
    "securityTypes": ["FUT"], "notional": "contractMultiplier",
    "attributes": {
      "maturityMonthYear": {"type": "pattern", "pattern": "[0-9]{6}([0-3][0-9]|w[1-5])?", "tag": 200, "description": "Month of the maturity, as YYYYMM, YYYYMMDD or YYYYMMwN"},
      "maturityDate": {"type": "date", "tag": 541, "description": "Day of the maturity"},
      "contractMultiplier": {"type": "number", "min": 0.000000000001, "tag": 231, "description": "Units of the underlying in one contract"},
      "securityExchange": {"type": "text", "max": 32, "tag": 207, "description": "Market of the listing, as MIC"},
      "positionEffect": {"type": "enumeration", "allowed": ["OPEN", "CLOSE", "ROLLED", "FIFO"], "codes": {"O": "OPEN", "C": "CLOSE", "R": "ROLLED", "F": "FIFO"},
                         "tag": 77, "description": "Is a position opened or closed?"}
    }}$json$),
  ('option', true, $json${
    "description": "Options; the quantity counts contracts. The notional is of the premium",
    "securityTypes": ["OPT"], "notional": "contractMultiplier",
    "attributes": {
      "putOrCall": {"type": "enumeration", "allowed": ["PUT", "CALL"], "codes": {"0": "PUT", "1": "CALL"}, "tag": 201, "description": "What the holder may do: sell or buy"},
      "strikePrice": {"type": "number", "tag": 202, "description": "At which price, in the currency of the underlying"},
      "maturityMonthYear": {"type": "pattern", "pattern": "[0-9]{6}([0-3][0-9]|w[1-5])?", "tag": 200, "description": "Month of the expiry, as YYYYMM, YYYYMMDD or YYYYMMwN"},
      "maturityDate": {"type": "date", "tag": 541, "description": "Day of the expiry"},
      "contractMultiplier": {"type": "number", "min": 0.000000000001, "tag": 231, "description": "Units of the underlying in one contract"},
      "exerciseStyle": {"type": "enumeration", "allowed": ["EUROPEAN", "AMERICAN", "BERMUDA"], "codes": {"0": "EUROPEAN", "1": "AMERICAN", "2": "BERMUDA"},
                        "tag": 1194, "description": "When it may be exercised"},
      "coveredOrUncovered": {"type": "enumeration", "allowed": ["COVERED", "UNCOVERED"], "codes": {"0": "COVERED", "1": "UNCOVERED"}, "tag": 203,
                             "description": "Does who sells have the underlying?"},
      "positionEffect": {"type": "enumeration", "allowed": ["OPEN", "CLOSE", "ROLLED", "FIFO"], "codes": {"O": "OPEN", "C": "CLOSE", "R": "ROLLED", "F": "FIFO"},
                         "tag": 77, "description": "Is a position opened or closed?"}
    }}$json$),
  ('bond', true, $json${
    "description": "Bonds and bills. The quantity is a face amount, the price a part of a hundred of it: the notional is what is paid, without accrued interest",
    "securityTypes": ["CORP", "CB", "EUCORP", "EUSOV", "EUSUPRA", "FRN", "STRUCT", "TBILL", "TBOND", "TIPS", "TNOTE", "UST", "USTB", "GO", "REV", "MUNI", "FAC", "FADN", "BRADY"],
    "products": [1, 3, 6, 11], "notional": 0.01,
    "attributes": {
      "couponRate": {"type": "number", "tag": 223, "description": "Coupon of a year, 0.05 for 5 percent"},
      "issueDate": {"type": "date", "tag": 225, "description": "Day of the issue"},
      "maturityDate": {"type": "date", "tag": 541, "description": "Day of the maturity"},
      "priceType": {"type": "enumeration", "allowed": ["PERCENTAGE", "PER_UNIT", "FIXED_AMOUNT", "DISCOUNT", "PREMIUM", "SPREAD", "TED_PRICE", "TED_YIELD", "YIELD", "OTHER"],
                    "codes": {"1": "PERCENTAGE", "2": "PER_UNIT", "3": "FIXED_AMOUNT", "4": "DISCOUNT", "5": "PREMIUM", "6": "SPREAD", "7": "TED_PRICE", "8": "TED_YIELD", "9": "YIELD"},
                    "tag": 423, "description": "What the price is; percent of par where nothing is said"},
      "yield": {"type": "number", "tag": 236, "description": "Yield, 0.05 for 5 percent"},
      "yieldType": {"type": "text", "max": 16, "tag": 235, "description": "Which yield, as FIX names it: MATURITY, CALL, CURRENT"},
      "cleanPrice": {"type": "number", "description": "Percent of par, without accrued interest, where the price is stated otherwise"}
    },
    "executionAttributes": {
      "cleanPrice": {"type": "number", "tag": 669, "description": "Price of the fill in percent of par, without accrued interest, where its price is stated otherwise"},
      "yield": {"type": "number", "tag": 236, "description": "Yield, 0.05 for 5 percent"},
      "accruedInterestRate": {"type": "number", "tag": 158, "description": "Accrued interest, in percent of par"},
      "accruedInterest": {"type": "number", "tag": 159, "description": "Accrued interest of the fill, as an amount of its currency"},
      "daysInterest": {"type": "number", "min": 0, "tag": 157, "description": "Days for which interest has accrued"}
    }}$json$);
